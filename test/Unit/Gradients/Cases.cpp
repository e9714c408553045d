// Every op with a rule, at shapes that include size 1, broadcasting, odd sizes and rank
// 0, away from kinks.
#include "Harness.h"

using namespace train::test;

namespace {
class Table {
public:
  Table() {
    elementwise();
    contraction();
    reduction();
    normalization();
    pooling();
    shape();
    others();
  }
  std::vector<Case> cases;

private:
  void add(std::string name, std::vector<std::string> operands, std::string body,
           std::string result, Domain domain = Domain::Any) {
    cases.push_back({std::move(name), std::move(operands), std::move(body),
                     std::move(result), domain});
  }

  void unary(const std::string &op, Domain domain = Domain::Any,
             const std::string &attributes = "") {
    for (std::string shape : {"3x5", "1x7x1"}) {
      std::string mnemonic = op.substr(0, op.find(' '));
      add(op + "_" + shape, {shape},
          "%y = train." + op + " %a0 " + attributes + " : <" + shape + ">", shape,
          domain);
    }
  }

  void binary(const std::string &op, Domain domain = Domain::Any) {
    auto one = [&](std::string x, std::string y, std::string z) {
      add(op + "_" + x + "_" + y, {x, y},
          "%y = train." + op + " %a0, %a1 : <" + x + ">, <" + y + "> -> <" + z + ">", z,
          domain);
    };
    one("3x4", "3x4", "3x4");
    one("2x3x4", "4", "2x3x4");
    one("3x1", "1x4", "3x4");
    one("", "2x3", "2x3");
    one("2x1x3", "5x1", "2x5x3");
    one("1", "1x1", "1x1");
  }

  void elementwise() {
    for (const char *op : {"neg", "abs", "exp", "sin", "cos", "tanh", "sigmoid", "erf",
                           "relu", "silu", "gelu erf", "gelu tanh"})
      unary(op);
    for (const char *op : {"log", "sqrt", "rsqrt"})
      unary(op, Domain::Positive);
    unary("clamp", Domain::Any, "{low = -0.5, high = 0.25}");
    for (const char *op : {"add", "sub", "mul", "min", "max"})
      binary(op);
    for (const char *op : {"div", "pow"})
      binary(op, Domain::Positive);
    add("same_operand_twice", {"3x4"}, "%y = train.mul %a0, %a0 : <3x4>, <3x4> -> <3x4>",
        "3x4");
    add("select", {"2x3", "3"},
        "%c = train.constant dense<[[true], [false]]> : tensor<2x1xi1>\n"
        "  %y = train.select %c, %a0, %a1 : tensor<2x1xi1>, <2x3>, <3> -> <2x3>",
        "2x3");
    add("compare_is_flat", {"2x3"},
        "%c = train.compare gt %a0, %a0 : <2x3>, <2x3> -> tensor<2x3xi1>\n"
        "  %s = train.sin %a0 : <2x3>\n"
        "  %y = train.select %c, %a0, %s : tensor<2x3xi1>, <2x3>, <2x3> -> <2x3>",
        "2x3");
  }

  void matmul(const std::string &name, std::string x, std::string y, std::string flags,
              std::string z) {
    add("matmul_" + name, {x, y},
        "%y = train.matmul %a0, %a1 " + flags + " : <" + x + ">, <" + y + "> -> <" + z +
            ">",
        z);
  }

  void conv(const std::string &name, std::string x, std::string w, std::string attributes,
            std::string z) {
    add("conv2d_" + name, {x, w},
        "%y = train.conv2d %a0, %a1 {" + attributes + "} : <" + x + ">, <" + w +
            "> -> <" + z + ">",
        z);
    // The transposed convolution goes from the result's shape back to the input's.
    size_t cut = x.rfind('x', x.rfind('x') - 1);
    std::string size = x.substr(cut + 1);
    size.replace(size.find('x'), 1, ", ");
    add("conv2d_transpose_" + name, {z, w},
        "%y = train.conv2d_transpose %a0, %a1 {size = array<i64: " + size + ">, " +
            attributes + "} : <" + z + ">, <" + w + "> -> <" + x + ">",
        x);
  }

  void contraction() {
    for (auto [suffix, x, y, flags] :
         {std::array<const char *, 4>{"", "3x4", "4x5", ""},
          {"_rhs", "3x4", "5x4", "{transpose_rhs}"},
          {"_lhs", "4x3", "4x5", "{transpose_lhs}"},
          {"_both", "4x3", "5x4", "{transpose_lhs, transpose_rhs}"}}) {
      std::string s = suffix;
      matmul("plain" + s, x, y, flags, "3x5");
      matmul("batched" + s, std::string("2x") + x, std::string("2x") + y, flags, "2x3x5");
      matmul("shared_rhs" + s, std::string("2x3x") + x, y, flags, "2x3x3x5");
      matmul("shared_lhs" + s, x, std::string("2x") + y, flags, "2x3x5");
    }
    matmul("size_one", "1x1", "1x3", "", "1x3");
    matmul("tied_operand", "3x3", "3x3", "{transpose_rhs}", "3x3");
    add("matmul_into", {"3x4", "4x5", "3x5"},
        "%y = train.matmul %a0, %a1 into %a2 : <3x5>, : <3x4>, <4x5> -> <3x5>", "3x5");

    std::string unit = "strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, "
                       "dilations = array<i64: 1, 1>";
    conv("plain", "2x3x5x4", "4x3x3x2", unit, "2x4x3x3");
    conv("strided", "1x2x7x6", "3x2x3x3",
         "strides = array<i64: 2, 3>, padding = array<i64: 1, 0, 1, 2>, dilations = "
         "array<i64: 1, 1>",
         "1x3x4x2");
    conv("leftover", "1x1x6x6", "2x1x3x3",
         "strides = array<i64: 2, 2>, padding = array<i64: 0, 0, 0, 0>, dilations = "
         "array<i64: 1, 1>",
         "1x2x2x2");
    conv("dilated", "1x2x7x5", "2x2x3x2",
         "strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 0, 0>, dilations = "
         "array<i64: 2, 3>",
         "1x2x4x3");
    conv("grouped", "2x4x4x4", "6x2x3x3", unit + ", groups = 2", "2x6x2x2");
    conv("depthwise", "1x3x4x4", "3x1x2x2", unit + ", groups = 3", "1x3x3x3");
    conv("pointwise", "2x3x2x2", "1x3x1x1", unit, "2x1x2x2");

    auto attention = [&](std::string name, std::string q, std::string k, std::string lse,
                         std::string flags) {
      add("attention_" + name, {q, k, k},
          "%y, %lse = train.attention %a0, %a1, %a2 {scale = 0.7" + flags + "} : <" + q +
              ">, <" + k + ">, <" + k + "> -> <" + q + ">, <" + lse + ":S>",
          q);
    };
    attention("full", "2x3x2x4", "2x3x2x4", "2x2x3", "");
    attention("causal", "1x5x2x3", "1x5x2x3", "1x2x5", ", causal");
    attention("grouped", "1x3x4x2", "1x3x2x2", "1x4x3", ", causal");
    attention("one_kv_head", "2x2x3x1", "2x2x1x1", "2x3x2", "");
    attention("longer_keys", "1x2x1x3", "1x5x1x3", "1x1x2", ", causal");
    attention("one_token", "1x1x1x2", "1x1x1x2", "1x1x1", ", causal");
  }

  void reduction() {
    for (const char *op : {"reduce_sum", "reduce_mean", "reduce_max"}) {
      auto one = [&](std::string x, std::string dims, std::string z,
                     std::string attributes) {
        add(std::string(op) + "_" + x + "_" + z + (attributes.empty() ? "" : "_keep"),
            {x},
            std::string("%y = train.") + op + " %a0 over [" + dims + "] " + attributes +
                " : <" + x + "> -> <" + z + ">",
            z);
      };
      one("3x5", "1", "3", "");
      one("3x5", "0", "5", "");
      one("2x3x4", "0, 2", "3", "");
      one("2x3x4", "1", "2x1x4", "{keep_dims}");
      one("2x3", "0, 1", "", "");
      one("1x4x1", "0", "4x1", "");
    }
    for (const char *op : {"softmax", "log_softmax"})
      for (std::string shape : {"3x5", "2x1x4", "7", "4x1"})
        add(std::string(op) + "_" + shape, {shape},
            std::string("%y = train.") + op + " %a0 : <" + shape + ">", shape);
  }

  void normalization() {
    for (auto [x, rows, c] : {std::array<const char *, 3>{"3x5", "3", "5"},
                              {"2x3x4", "2x3", "4"},
                              {"6", "", "6"}}) {
      std::string X = x, R = rows, C = c;
      add("layer_norm_" + X, {X, C, C},
          "%y, %m, %r = train.layer_norm %a0, %a1, %a2 {eps = 1.0e-3} : <" + X + ">, <" +
              C + ">, <" + C + "> -> <" + X + ">, <" + R + ":S>, <" + R + ":S>",
          X);
      add("rms_norm_" + X, {X, C},
          "%y, %r = train.rms_norm %a0, %a1 {eps = 1.0e-3} : <" + X + ">, <" + C +
              "> -> <" + X + ">, <" + R + ":S>",
          X);
    }
    for (auto [x, c] : {std::array<const char *, 2>{"4x3", "3"},
                        {"2x3x2x2", "3"},
                        {"1x2x5", "2"},
                        {"5x1", "1"}}) {
      std::string X = x, C = c, V = "<" + C + ">", S = "<" + C + ":S>";
      add("batch_norm_" + X, {X, C, C},
          "%y, %m, %v = train.batch_norm %a0, %a1, %a2 {eps = 1.0e-3, momentum = 0.1} : "
          "<" +
              X + ">, " + V + ", " + V + " -> <" + X + ">, " + S + ", " + S,
          X);
      std::string ones = "1.0";
      for (int i = 1; i < std::stoi(C); ++i)
        ones += ", 1.0";
      add("batch_norm_inference_" + X, {X, C, C},
          "%m = train.constant dense<[" + ones + "]> : " + S +
              "\n"
              "  %y = train.batch_norm_inference %a0, %a1, %a2, %m, %m {eps = 1.0e-3} : "
              "<" +
              X + ">, " + V + ", " + V + ", " + S + ", " + S + " -> <" + X + ">",
          X);
    }
  }

  void pooling() {
    auto pool = [&](std::string name, std::string x, std::string attributes,
                    std::string z) {
      add("max_pool2d_" + name, {x},
          "%y, %i = train.max_pool2d %a0 {" + attributes + "} : <" + x + "> -> <" + z +
              ">, tensor<" + z + "xi32>",
          z);
      add("avg_pool2d_" + name, {x},
          "%y = train.avg_pool2d %a0 {" + attributes + "} : <" + x + "> -> <" + z + ">",
          z);
    };
    pool("plain", "2x2x4x4",
         "window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = array<i64: 0, "
         "0, 0, 0>",
         "2x2x2x2");
    pool("overlapping", "1x1x5x5",
         "window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 1, "
         "1, 1, 1>",
         "1x1x3x3");
    pool("uneven", "1x2x5x4",
         "window = array<i64: 2, 3>, strides = array<i64: 3, 1>, padding = array<i64: 1, "
         "0, 0, 2>",
         "1x2x2x4");
  }

  void shape() {
    add("reshape", {"2x6"}, "%y = train.reshape %a0 to [3, -1] : <2x6> -> <3x4>", "3x4");
    add("reshape_scalar", {"1x1"}, "%y = train.reshape %a0 to [] : <1x1> -> <>", "");
    add("transpose", {"2x3x4"},
        "%y = train.transpose %a0 by [2, 0, 1] : <2x3x4> -> <4x2x3>", "4x2x3");
    add("slice", {"4x5"},
        "%y = train.slice %a0 {offsets = array<i64: 1, 0>, sizes = array<i64: 2, 5>, "
        "strides = array<i64: 1, 1>} : "
        "<4x5> -> <2x5>",
        "2x5");
    add("slice_strided", {"7x5"},
        "%y = train.slice %a0 {offsets = array<i64: 1, 0>, sizes = array<i64: 3, 2>, "
        "strides = array<i64: 2, 3>} : "
        "<7x5> -> <3x2>",
        "3x2");
    add("concat", {"2x3", "2x1", "2x2"},
        "%y = train.concat %a0, %a1, %a2 along 1 : <2x3>, <2x1>, <2x2> -> <2x6>", "2x6");
    add("concat_same", {"2x3"},
        "%y = train.concat %a0, %a0 along 0 : <2x3>, <2x3> -> <4x3>", "4x3");
    add("pad", {"2x3"},
        "%y = train.pad %a0 {low = array<i64: 1, 0>, high = array<i64: 0, 2>, interior = "
        "array<i64: 2, 1>, value = 3.0} : "
        "<2x3> -> <5x7>",
        "5x7");
    add("broadcast", {"3x1"}, "%y = train.broadcast %a0 to [2, 3, 4] : <3x1> -> <2x3x4>",
        "2x3x4");
    std::string split, sums;
    for (int i : {0, 1, 2})
      split +=
          "%s" + std::to_string(i) + " = train.slice %a0 {offsets = array<i64: 0, " +
          std::to_string(2 * i) +
          ">, sizes = array<i64: 3, 2>, strides = array<i64: 1, 1>} : <3x6> -> <3x2>\n  ";
    add("split_in_three", {"3x6"},
        split + "%p = train.mul %s0, %s1 : <3x2>, <3x2> -> <3x2>\n"
                "  %y = train.mul %p, %s2 : <3x2>, <3x2> -> <3x2>",
        "3x2");
    add("split_in_two_of_three", {"3x6"},
        split + "%y = train.mul %s0, %s1 : <3x2>, <3x2> -> <3x2>", "3x2");
    add("split_with_gap", {"3x6"},
        split + "%y = train.mul %s0, %s2 : <3x2>, <3x2> -> <3x2>", "3x2");
  }

  void others() {
    add("embedding", {"5x3"},
        "%i = train.constant dense<[[4, 0], [2, 4], [4, 1]]> : tensor<3x2xi32>\n"
        "  %y = train.embedding %a0, %i : <5x3>, tensor<3x2xi32> -> <3x2x3>",
        "3x2x3");
    add("dropout", {"4x6"},
        "%k = train.random_key : tensor<3xi64>\n"
        "  %y = train.dropout %a0, %k {rate = 0.4, site = 3, samples = 2} : <4x6>, "
        "tensor<3xi64>",
        "4x6");
    add("cross_entropy", {"4x5"},
        "%l = train.constant dense<[1, -100, 4, 0]> : tensor<4xi32>\n"
        "  %s, %lse, %n = train.cross_entropy %a0, %l : <4x5>, tensor<4xi32> -> <:S>, "
        "<4:S>, <:S>\n"
        "  %y = train.cast %s : <:S> -> <>",
        "");
    add("cross_entropy_3d", {"2x2x3"},
        "%l = train.constant dense<[[1, 0], [2, 7]]> : tensor<2x2xi32>\n"
        "  %s, %lse, %n = train.cross_entropy %a0, %l {ignore_index = 7} : <2x2x3>, "
        "tensor<2x2xi32> -> <:S>, <2x2:S>, <:S>\n"
        "  %t = train.mul %s, %s : <:S>, <:S> -> <:S>\n"
        "  %y = train.cast %t : <:S> -> <>",
        "");
    add("cross_entropy_part", {"4x5"},
        "%l = train.constant dense<[1, -100, 4, 0]> : tensor<4xi32>\n"
        "  %d = train.constant dense<7.0> : <:S>\n"
        "  %s, %lse, %n = train.cross_entropy %a0, %l, %d : <4x5>, tensor<4xi32>, <:S> "
        "-> <:S>, <4:S>, <:S>\n"
        "  %y = train.cast %s : <:S> -> <>",
        "");
    add("mse", {"3x4", "3x4"},
        "%s = train.mse %a0, %a1 : <3x4>, <3x4> -> <:S>\n"
        "  %y = train.cast %s : <:S> -> <>",
        "");
    add("cast", {"2x3"},
        "%h = train.cast %a0 : <2x3> -> tensor<2x3xf16>\n"
        "  %g = train.sin %h : tensor<2x3xf16>\n"
        "  %y = train.cast %g : tensor<2x3xf16> -> <2x3>",
        "2x3");
    add("cast_to_integer_is_flat", {"2x3"},
        "%h = train.cast %a0 : <2x3> -> tensor<2x3xi32>\n"
        "  %g = train.cast %h : tensor<2x3xi32> -> <2x3>\n"
        "  %y = train.mul %a0, %g : <2x3>, <2x3> -> <2x3>",
        "2x3");
    add("scale_loss", {""},
        "%k = train.constant dense<[4.0]> : tensor<1xf32>\n"
        "  %r = train.reshape %k to [] : tensor<1xf32> -> tensor<f32>\n"
        "  %s = train.sin %a0 : <>\n"
        "  %y = train.scale_loss %s, %r : <>, tensor<f32>",
        "");
    add("unscale", {"2x3"},
        "%k = train.constant dense<[4.0]> : tensor<1xf32>\n"
        "  %r = train.reshape %k to [] : tensor<1xf32> -> tensor<f32>\n"
        "  %s = train.sin %a0 : <2x3>\n"
        "  %y = train.unscale %s, %r : <2x3>, tensor<f32>",
        "2x3");
  }
};
} // namespace

const std::vector<Case> &train::test::gradientCases() {
  static const Table table;
  return table.cases;
}
