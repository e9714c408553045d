// Several ops in one kernel: what only goes wrong in company. The harness runs each of
// these unfused and fused and demands equal bits.
#include "Harness.h"

#include <random>

using namespace train::conformance;

std::vector<Case> train::conformance::fusionCases() {
  std::vector<Case> cases;
  auto add = [&](const char *name, const char *inputs, const char *body,
                 const char *outputs, Tolerance tolerance) {
    cases.push_back({name, inputs, body, outputs, tolerance});
  };
  add("chain", "%x: tensor<5x33xf32>, %b: tensor<33xf32>",
      "  %0 = train.add %x, %b : tensor<5x33xf32>, tensor<33xf32> -> tensor<5x33xf32>\n"
      "  %1 = train.gelu tanh %0 : tensor<5x33xf32>\n"
      "  %2 = train.mul %1, %x : tensor<5x33xf32>, tensor<5x33xf32> -> tensor<5x33xf32>",
      "%2: tensor<5x33xf32>", row(4));
  // Shared by two threads, by rows and as one range.
  add("chain_shared", "%x: tensor<130x99xf32>, %b: tensor<99xf32>, %y: tensor<9001xf32>",
      "  %0 = train.add %x, %b : tensor<130x99xf32>, tensor<99xf32> -> "
      "tensor<130x99xf32>\n"
      "  %1 = train.silu %0 : tensor<130x99xf32>\n"
      "  %2 = train.softmax %1 : tensor<130x99xf32>\n"
      "  %3 = train.mul %y, %y : tensor<9001xf32>, tensor<9001xf32> -> tensor<9001xf32>\n"
      "  %4 = train.tanh %3 : tensor<9001xf32>",
      "%2: tensor<130x99xf32>, %4: tensor<9001xf32>", row(99));
  // A multiply and an add must not become one rounding.
  add("no_contraction",
      "%x: tensor<1000xf32>, %y: tensor<1000xf32>, %z: tensor<1000xf32>",
      "  %0 = train.mul %x, %y : tensor<1000xf32>, tensor<1000xf32> -> tensor<1000xf32>\n"
      "  %1 = train.add %0, %z : tensor<1000xf32>, tensor<1000xf32> -> tensor<1000xf32>",
      "%1: tensor<1000xf32>", bits());
  // Each op's result is rounded to its own type, in a register as in memory.
  for (const char *element : {"bf16", "f16"}) {
    std::string t = std::string("tensor<3x37x") + element + ">";
    std::string name = std::string("low_precision_") + element;
    cases.push_back({name, "%x: " + t + ", %y: " + t,
                     "  %0 = train.mul %x, %y : " + t + ", " + t + " -> " + t +
                         "\n  %1 = train.add %0, %x : " + t + ", " + t + " -> " + t +
                         "\n  %2 = train.sub %1, %y : " + t + ", " + t + " -> " + t +
                         "\n  %3 = train.div %2, %x : " + t + ", " + t + " -> " + t,
                     "%3: " + t, bits()});
    cases.push_back({name + "_row", "%x: " + t + ", %y: " + t,
                     "  %0 = train.mul %x, %y : " + t + ", " + t + " -> " + t +
                         "\n  %1 = train.softmax %0 : " + t +
                         "\n  %2 = train.mul %1, %y : " + t + ", " + t + " -> " + t,
                     "%2: " + t, Tolerance{Tolerance::Row, 1.0 / 64}});
    cases.push_back({name + "_cast", "%x: tensor<45xf32>, %y: tensor<45xf32>",
                     std::string("  %0 = train.cast %x : tensor<45xf32> -> tensor<45x") +
                         element + ">\n  %1 = train.cast %0 : tensor<45x" + element +
                         "> -> tensor<45xf32>\n  %2 = train.sub %1, %y : tensor<45xf32>, "
                         "tensor<45xf32> -> tensor<45xf32>",
                     "%2: tensor<45xf32>", bits()});
  }
  add("double_then_single", "%x: tensor<45xf64>, %y: tensor<45xf64>",
      "  %0 = train.mul %x, %y : tensor<45xf64>, tensor<45xf64> -> tensor<45xf64>\n"
      "  %1 = train.cast %0 : tensor<45xf64> -> tensor<45xf32>\n"
      "  %2 = train.add %1, %1 : tensor<45xf32>, tensor<45xf32> -> tensor<45xf32>",
      "%0: tensor<45xf64>, %2: tensor<45xf32>", bits());
  // Wide elements beside a sum must not change its tree.
  add("sum_beside_wide", "%x: tensor<6x100xf32>, %w: tensor<6x100xf64>",
      "  %0 = train.cast %w : tensor<6x100xf64> -> tensor<6x100xf32>\n"
      "  %1 = train.add %x, %0 : tensor<6x100xf32>, tensor<6x100xf32> -> "
      "tensor<6x100xf32>\n"
      "  %2 = train.softmax %1 : tensor<6x100xf32>\n"
      "  %3 = train.reduce_sum %2 over [1] : tensor<6x100xf32> -> tensor<6xf32>",
      "%2: tensor<6x100xf32>, %3: tensor<6xf32>", row(100));
  add("sum_beside_mask", "%x: tensor<6x100xf32>, %y: tensor<6x100xf32>",
      "  %k = train.random_key : tensor<3xi64>\n"
      "  %0 = train.dropout %x, %k {rate = 0.25 : f64, site = 3 : i64, samples = 6 : "
      "i64} : tensor<6x100xf32>, tensor<3xi64>\n"
      "  %1 = train.add %0, %y : tensor<6x100xf32>, tensor<6x100xf32> -> "
      "tensor<6x100xf32>\n"
      "  %2 = train.softmax %1 : tensor<6x100xf32>",
      "%1: tensor<6x100xf32>, %2: tensor<6x100xf32>", row(100));
  // A value per row and a row of values have one type where rows and columns are equally
  // many.
  add("square_reduce", "%x: tensor<8x8xf32>",
      "  %0 = train.reduce_sum %x over [1] : tensor<8x8xf32> -> tensor<8xf32>\n"
      "  %1 = train.sub %x, %0 : tensor<8x8xf32>, tensor<8xf32> -> tensor<8x8xf32>",
      "%0: tensor<8xf32>, %1: tensor<8x8xf32>", row(8));
  add("square_norm", "%x: tensor<8x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>",
      "  %y, %m, %r = train.layer_norm %x, %g, %b {eps = 1.0e-5 : f64} : "
      "tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8x8xf32>, tensor<8xf32>, "
      "tensor<8xf32>\n"
      "  %0 = train.add %y, %m : tensor<8x8xf32>, tensor<8xf32> -> tensor<8x8xf32>\n"
      "  %1 = train.mul %0, %r : tensor<8x8xf32>, tensor<8xf32> -> tensor<8x8xf32>",
      "%1: tensor<8x8xf32>", row(64));
  add("square_norm_operand",
      "%x: tensor<8x8xf32>, %m: tensor<8xf32>, %dy: tensor<8x8xf32>",
      "  %0 = train.add %dy, %m : tensor<8x8xf32>, tensor<8xf32> -> tensor<8x8xf32>\n"
      "  %1 = train.layer_norm_backward %0, %x, %m, %m, %m : tensor<8x8xf32>, "
      "tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8x8xf32>",
      "%1: tensor<8x8xf32>", row(64));
  add("keep_dims_norm", "%x: tensor<7x33xf32>",
      "  %0 = train.reduce_mean %x over [1] {keep_dims} : tensor<7x33xf32> -> "
      "tensor<7x1xf32>\n"
      "  %1 = train.sub %x, %0 : tensor<7x33xf32>, tensor<7x1xf32> -> tensor<7x33xf32>\n"
      "  %2 = train.mul %1, %1 : tensor<7x33xf32>, tensor<7x33xf32> -> tensor<7x33xf32>\n"
      "  %3 = train.reduce_mean %2 over [1] {keep_dims} : tensor<7x33xf32> -> "
      "tensor<7x1xf32>\n"
      "  %4 = train.rsqrt %3 : tensor<7x1xf32>\n"
      "  %5 = train.mul %1, %4 : tensor<7x33xf32>, tensor<7x1xf32> -> tensor<7x33xf32>",
      "%5: tensor<7x33xf32>", row(33));
  add("residual_norm",
      "%x: tensor<4x100xf32>, %y: tensor<4x100xf32>, %b: tensor<100xf32>, %g: "
      "tensor<100xf32>",
      "  %0 = train.add %x, %b : tensor<4x100xf32>, tensor<100xf32> -> "
      "tensor<4x100xf32>\n"
      "  %1 = train.add %0, %y : tensor<4x100xf32>, tensor<4x100xf32> -> "
      "tensor<4x100xf32>\n"
      "  %2, %m, %r = train.layer_norm %1, %g, %b {eps = 1.0e-5 : f64} : "
      "tensor<4x100xf32>, tensor<100xf32>, tensor<100xf32> -> tensor<4x100xf32>, "
      "tensor<4xf32>, tensor<4xf32>\n"
      "  %3 = train.relu %2 : tensor<4x100xf32>",
      "%1: tensor<4x100xf32>, %3: tensor<4x100xf32>, %m: tensor<4xf32>, %r: "
      "tensor<4xf32>",
      row(100));
  add("residual_norm_3d",
      "%x: tensor<2x3x40xf32>, %y: tensor<3x40xf32>, %g: tensor<40xf32>",
      "  %0 = train.add %x, %y : tensor<2x3x40xf32>, tensor<3x40xf32> -> "
      "tensor<2x3x40xf32>\n"
      "  %1, %r = train.rms_norm %0, %g {eps = 1.0e-5 : f64} : tensor<2x3x40xf32>, "
      "tensor<40xf32> -> tensor<2x3x40xf32>, tensor<2x3xf32>\n"
      "  %2 = train.mul %1, %x : tensor<2x3x40xf32>, tensor<2x3x40xf32> -> "
      "tensor<2x3x40xf32>",
      "%2: tensor<2x3x40xf32>, %r: tensor<2x3xf32>", row(40));
  add("shared_constant", "%x: tensor<3x9xf32>",
      "  %c = train.constant dense<2.0> : tensor<f32>\n"
      "  %0 = train.mul %x, %c : tensor<3x9xf32>, tensor<f32> -> tensor<3x9xf32>\n"
      "  %1 = train.add %0, %c : tensor<3x9xf32>, tensor<f32> -> tensor<3x9xf32>\n"
      "  %2 = train.mul %c, %1 : tensor<f32>, tensor<3x9xf32> -> tensor<3x9xf32>",
      "%2: tensor<3x9xf32>", bits());
  add("constant_kept", "%x: tensor<3x9xf32>",
      "  %c = train.constant dense<2.0> : tensor<3x9xf32>\n"
      "  %0 = train.mul %x, %c : tensor<3x9xf32>, tensor<3x9xf32> -> tensor<3x9xf32>\n"
      "  %1 = train.transpose %c by [1, 0] : tensor<3x9xf32> -> tensor<9x3xf32>",
      "%0: tensor<3x9xf32>, %1: tensor<9x3xf32>, %c: tensor<3x9xf32>", bits());
  // A result that takes its operand's place, while a broadcast of the other operand is
  // still read.
  add("in_place", "%x: tensor<8x8xf32>, %v: tensor<1x8xf32>",
      "  %0 = train.matmul %x, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>\n"
      "  %1 = train.matmul %v, %x : tensor<1x8xf32>, tensor<8x8xf32> -> tensor<1x8xf32>\n"
      "  %2 = train.add %0, %1 : tensor<8x8xf32>, tensor<1x8xf32> -> tensor<8x8xf32>\n"
      "  %3 = train.softmax %2 : tensor<8x8xf32>\n"
      "  %4 = train.reduce_sum %3 over [1] : tensor<8x8xf32> -> tensor<8xf32>",
      "%3: tensor<8x8xf32>, %4: tensor<8xf32>", row(64));
  add("scalars", "%x: tensor<f32>, %y: tensor<f32>, %c: tensor<i1>",
      "  %0 = train.add %x, %y : tensor<f32>, tensor<f32> -> tensor<f32>\n"
      "  %1 = train.exp %0 : tensor<f32>\n"
      "  %2 = train.select %c, %1, %x : tensor<i1>, tensor<f32>, tensor<f32> -> "
      "tensor<f32>",
      "%2: tensor<f32>", ulp(8));
  add("compare_select", "%x: tensor<5x31xf32>, %y: tensor<31xf32>",
      "  %0 = train.compare lt %x, %y : tensor<5x31xf32>, tensor<31xf32> -> "
      "tensor<5x31xi1>\n"
      "  %1 = train.select %0, %x, %y : tensor<5x31xi1>, tensor<5x31xf32>, "
      "tensor<31xf32> -> tensor<5x31xf32>\n"
      "  %2 = train.cast %0 : tensor<5x31xi1> -> tensor<5x31xf32>\n"
      "  %3 = train.mul %1, %2 : tensor<5x31xf32>, tensor<5x31xf32> -> tensor<5x31xf32>",
      "%0: tensor<5x31xi1>, %3: tensor<5x31xf32>", bits());
  add("iota_mask", "%x: tensor<6x9xf32>",
      "  %i = train.iota 0 : tensor<6x9xi32>\n  %j = train.iota 1 : tensor<6x9xi32>\n"
      "  %0 = train.compare ge %i, %j : tensor<6x9xi32>, tensor<6x9xi32> -> "
      "tensor<6x9xi1>\n"
      "  %c = train.constant dense<-1.0e9> : tensor<f32>\n"
      "  %1 = train.select %0, %x, %c : tensor<6x9xi1>, tensor<6x9xf32>, tensor<f32> -> "
      "tensor<6x9xf32>\n"
      "  %2 = train.softmax %1 : tensor<6x9xf32>",
      "%2: tensor<6x9xf32>", row(9));
  // Column numbers of a matrix whose only column is no column of a vector.
  add("iota_one_column", "%x: tensor<6x1xf32>",
      "  %j = train.iota 1 : tensor<6x1xf32>\n  %i = train.iota 0 : tensor<6x1xf32>\n"
      "  %0 = train.add %x, %j : tensor<6x1xf32>, tensor<6x1xf32> -> tensor<6x1xf32>\n"
      "  %1 = train.add %0, %i : tensor<6x1xf32>, tensor<6x1xf32> -> tensor<6x1xf32>",
      "%1: tensor<6x1xf32>", bits());
  add("integer_tail", "%x: tensor<3x11xi32>, %pos: tensor<3x11xi32>",
      "  %0 = train.mul %x, %pos : tensor<3x11xi32>, tensor<3x11xi32> -> "
      "tensor<3x11xi32>\n"
      "  %1 = train.div %0, %pos : tensor<3x11xi32>, tensor<3x11xi32> -> "
      "tensor<3x11xi32>",
      "%1: tensor<3x11xi32>", bits());
  add("two_sites", "%x: tensor<4x9xf32>",
      "  %k = train.random_key : tensor<3xi64>\n"
      "  %0 = train.dropout %x, %k {rate = 0.5 : f64, site = 3 : i64, samples = 4 : i64} "
      ": tensor<4x9xf32>, tensor<3xi64>\n"
      "  %1 = train.dropout %0, %k {rate = 0.5 : f64, site = 4 : i64, samples = 4 : i64} "
      ": tensor<4x9xf32>, tensor<3xi64>",
      "%1: tensor<4x9xf32>", bits());
  add("loss_of_softcap", "%x: tensor<5x20xf32>, %l: tensor<5xi32>, %d: tensor<f32>",
      "  %0 = train.tanh %x : tensor<5x20xf32>\n"
      "  %r, %e, %c = train.cross_entropy %0, %l : tensor<5x20xf32>, tensor<5xi32> -> "
      "tensor<f32>, tensor<5xf32>, tensor<f32>\n"
      "  %1 = train.cross_entropy_backward %d, %0, %l, %e, %c : tensor<f32>, "
      "tensor<5x20xf32>, tensor<5xi32>, tensor<5xf32>, tensor<f32> -> tensor<5x20xf32>\n"
      "  %2 = train.mul %1, %0 : tensor<5x20xf32>, tensor<5x20xf32> -> tensor<5x20xf32>",
      "%r: tensor<f32>, %2: tensor<5x20xf32>", row(20));
  return cases;
}

namespace {
/// Random graphs of ops that fuse, over values of four shapes: the whole domain, one per
/// row with and without its dimension, one row of values, a scalar.
class RandomGraph {
public:
  RandomGraph(unsigned seed, int64_t rows, int64_t columns)
      : random(seed), r(rows), c(columns) {
    values = {{"%x", full()},
              {"%y", full()},
              {"%v", typeOf({c})},
              {"%k", typeOf({r, 1})},
              {"%s", typeOf({})}};
  }

  Case make(const std::string &name) {
    for (int i = 0; i < 12; ++i)
      addOp();
    std::string outputs;
    for (size_t i = values.size() - 4; i < values.size(); ++i)
      outputs +=
          (outputs.empty() ? "" : ", ") + values[i].first + ": " + values[i].second;
    return {name,
            "%x: " + full() + ", %y: " + full() + ", %v: " + typeOf({c}) +
                ", %k: " + typeOf({r, 1}) + ", %s: " + typeOf({}),
            body, outputs, Tolerance{Tolerance::Row, 1e-3}};
  }

private:
  static std::string typeOf(const std::vector<int64_t> &shape) {
    std::string text = "tensor<";
    for (int64_t size : shape)
      text += std::to_string(size) + "x";
    return text + "f32>";
  }
  std::string full() const { return typeOf({r, c}); }
  unsigned pick(unsigned n) { return random() % n; }
  std::pair<std::string, std::string> any() { return values[pick(values.size())]; }
  std::pair<std::string, std::string> anyFull() {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto &value : values)
      if (value.second == full())
        found.push_back(value);
    return found[pick(found.size())];
  }
  void add(const std::string &op, const std::string &type) {
    std::string name = "%" + std::to_string(values.size());
    body += "  " + name + " = train." + op + "\n";
    values.emplace_back(name, type);
  }

  void addOp() {
    auto [x, xType] = anyFull();
    auto [y, yType] = any();
    // A value per row without its dimension meets the domain only where it is also a row
    // of values.
    if (yType == typeOf({r}) && r != c)
      yType = typeOf({}), y = "%s";
    const char *binary[] = {"add", "sub", "mul", "max"},
               *unary[] = {"tanh", "gelu tanh", "sigmoid", "neg"};
    switch (pick(8)) {
    case 0:
    case 1:
      return add(std::string(binary[pick(4)]) + " " + x + ", " + y + " : " + xType +
                     ", " + yType + " -> " + full(),
                 full());
    case 2:
      return add(std::string(binary[pick(4)]) + " " + y + ", " + x + " : " + yType +
                     ", " + xType + " -> " + full(),
                 full());
    case 3: {
      auto [z, type] = any();
      return add(std::string(unary[pick(4)]) + " " + z + " : " + type, type);
    }
    case 4:
      return add("softmax " + x + " : " + xType, full());
    case 5:
      return add("reduce_mean " + x + " over [1] {keep_dims} : " + xType + " -> " +
                     typeOf({r, 1}),
                 typeOf({r, 1}));
    case 6:
      return add("reduce_max " + x + " over [1] : " + xType + " -> " + typeOf({r}),
                 typeOf({r}));
    default:
      return add("reduce_mean " + x + " over [0] : " + xType + " -> " + typeOf({c}),
                 typeOf({c}));
    }
  }

  std::mt19937 random;
  int64_t r, c;
  std::vector<std::pair<std::string, std::string>> values;
  std::string body;
};
} // namespace

TEST(Fusion, ChangesNoBitsOfRandomGraphs) {
  std::vector<Case> cases;
  const int64_t shapes[][2] = {{1, 1}, {7, 1}, {1, 40},  {5, 33},
                               {8, 8}, {9, 9}, {130, 20}};
  for (unsigned seed = 0; seed < 42; ++seed) {
    const int64_t *shape = shapes[seed % 7];
    cases.push_back(
        RandomGraph(seed, shape[0], shape[1]).make("random_" + std::to_string(seed)));
  }
  check(cases);
}

TEST(Fusion, ChangesNoBits) { check(fusionCases()); }
