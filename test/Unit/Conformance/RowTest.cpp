// Reductions, softmax, norms, losses. Sums of small integers are exact in any order, so
// they are compared bit for bit and a lost or doubled element shows at any size; sums of
// random numbers are bounded by the magnitudes of their terms.
#include "Harness.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace train::conformance;
using llvm::formatv;

using Shape = std::vector<int64_t>;

static std::string typeOf(const Shape &shape, const char *element = "f32") {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

static int64_t product(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

static std::string tag(const Shape &shape) {
  std::string text;
  for (int64_t size : shape)
    text += "_" + std::to_string(size);
  return text;
}

std::vector<Case> train::conformance::reductionCases() {
  struct Reduce {
    Shape shape, dims;
  };
  const Reduce reduces[] = {
      {{1}, {0}},
      {{9}, {0}},
      {{1000}, {0}},
      {{4099}, {0}},
      {{70000}, {0}},
      {{4, 1}, {1}},
      {{4, 7}, {1}},
      {{4, 8}, {1}},
      {{5, 33}, {1}},
      {{3, 1000}, {1}},
      {{1, 31}, {1}},
      {{4, 7}, {0}},
      {{1, 9}, {0}},
      {{200, 33}, {0}},
      {{1500, 3}, {0}},
      {{130, 1100}, {0}},
      {{4, 7}, {0, 1}},
      {{3, 4, 5}, {1}},
      {{3, 4, 5}, {0, 2}},
      {{3, 4, 5}, {0, 1}},
      {{3, 4, 5}, {1, 2}},
      {{2, 3, 4, 5}, {0, 2}},
      {{2, 3, 4, 5}, {1, 3}},
      {{2, 3, 4, 5}, {0, 3}},
      {{2, 3, 4, 5, 3}, {0, 2, 4}},
      {{2, 3, 4, 5, 3}, {1, 3}},
      {{2, 1, 5}, {1}},
      {{1, 1}, {0, 1}},
      {{6, 100, 1}, {1}},
      {{4, 0}, {1}},
      {{0, 4}, {0}},
      {{0}, {0}},
      {{}, {}},
      {{3, 4}, {}},
      {{257, 129}, {0, 1}},
  };
  std::vector<Case> cases;
  for (const Reduce &reduce : reduces) {
    int64_t n = 1;
    for (int64_t dim : reduce.dims)
      n *= reduce.shape[dim];
    std::string dims =
        "[" +
        llvm::join(
            llvm::map_range(reduce.dims, [](int64_t d) { return std::to_string(d); }),
            ", ") +
        "]";
    for (bool keep : {false, true}) {
      Shape result;
      for (auto [i, size] : llvm::enumerate(reduce.shape)) {
        bool reduced = llvm::is_contained(reduce.dims, static_cast<int64_t>(i));
        if (!reduced)
          result.push_back(size);
        else if (keep)
          result.push_back(1);
      }
      auto add = [&](const char *op, const char *input, const char *element,
                     Tolerance tolerance) {
        // The maximum and the mean of nothing have no value to agree on.
        if (n == 0 && std::string(op) != "reduce_sum")
          return;
        cases.push_back({formatv("{0}{1}_over{2}_{3}_{4}_{5}", op, tag(reduce.shape),
                                 tag(reduce.dims), keep, input, element)
                             .str(),
                         formatv("%{0}: {1}", input, typeOf(reduce.shape, element)).str(),
                         formatv("  %r = train.{0} %{1} over {2} {3}: {4} -> {5}", op,
                                 input, dims, keep ? "{keep_dims} " : "",
                                 typeOf(reduce.shape, element), typeOf(result, element))
                             .str(),
                         formatv("%r: {0}", typeOf(result, element)).str(), tolerance});
      };
      add("reduce_sum", "int", "f32", bits());
      add("reduce_sum", "x", "f32", terms(n));
      add("reduce_max", "x", "f32", bits());
      if (keep)
        continue;
      add("reduce_mean", "int", "f32",
          ulp(2));                 // a product with 1/n instead of a quotient
      if (&reduce - reduces >= 24) // other types take the same paths
        continue;
      if ((&reduce - reduces) % 3)
        continue;
      add("reduce_sum", "int", "f64", bits());
      if (n <= 2000) // small integers stay exact in f32, the result is rounded once
        add("reduce_sum", "int", "bf16", bits());
      add("reduce_max", "x", "f16", bits());
    }
  }
  cases.push_back(
      {"max_nan", "%special: tensor<3x31xf32>",
       "  %r = train.reduce_max %special over [1] : tensor<3x31xf32> -> tensor<3xf32>",
       "%r: tensor<3xf32>", bits()});

  for (const Shape &shape :
       {Shape{1}, Shape{33}, Shape{1, 1}, Shape{4, 1}, Shape{3, 7}, Shape{2, 8},
        Shape{2, 31}, Shape{2, 32}, Shape{5, 33}, Shape{3, 1000}, Shape{2, 3, 9},
        Shape{2, 17000}, Shape{0, 5}})
    for (const char *op : {"softmax", "log_softmax"})
      for (const char *element : {"f32", "f64", "bf16"}) {
        if (element[1] != '3' && shape.back() != 33)
          continue;
        std::string type = typeOf(shape, element);
        bool low = element[0] == 'b';
        cases.push_back({formatv("{0}{1}_{2}", op, tag(shape), element).str(),
                         formatv("%x: {0}", type).str(),
                         formatv("  %r = train.{0} %x : {1}", op, type).str(),
                         formatv("%r: {0}", type).str(),
                         low ? ulp(1) : row(shape.back())});
      }
  return cases;
}

std::vector<Case> train::conformance::normalizationCases() {
  std::vector<Case> cases;
  for (const char *element : {"f32", "f64", "bf16"})
    for (const Shape &shape :
         {Shape{9}, Shape{1, 8}, Shape{4, 1}, Shape{3, 7}, Shape{5, 33}, Shape{2, 3, 32},
          Shape{3, 1000}, Shape{200, 40}, Shape{70, 1100}}) {
      int64_t columns = shape.back();
      if (std::string(element) != "f32" && columns != 33 && columns != 1)
        continue;
      Tolerance tolerance = element[0] == 'b' ? Tolerance{Tolerance::Row, 1.0 / 128}
                                              : row(columns + product(shape) / columns);
      const char *wide = std::string(element) == "f64" ? "f64" : "f32";
      std::string x = typeOf(shape, element), c = typeOf({columns}, element),
                  r = typeOf(Shape(shape.begin(), shape.end() - 1), wide),
                  sums = typeOf({columns}, wide);
      std::string name = tag(shape) + "_" + element;
      cases.push_back({"layer_norm" + name,
                       formatv("%x: {0}, %g: {1}, %b: {1}", x, c).str(),
                       formatv("  %y, %m, %r = train.layer_norm %x, %g, %b {{eps = "
                               "1.0e-5 : f64} : {0}, {1}, {1} -> {0}, {2}, {2}",
                               x, c, r)
                           .str(),
                       formatv("%y: {0}, %m: {1}, %r: {1}", x, r).str(), tolerance});
      cases.push_back(
          {"layer_norm_backward" + name,
           formatv("%dy: {0}, %x: {0}, %g: {1}, %m: {2}, %pos: {2}", x, c, r).str(),
           formatv("  %dx = train.layer_norm_backward %dy, %x, %g, %m, %pos : {0}, {0}, "
                   "{1}, {2}, {2} -> {0}",
                   x, c, r)
               .str(),
           formatv("%dx: {0}", x).str(), tolerance});
      cases.push_back({"layer_norm_param_grad" + name,
                       formatv("%dy: {0}, %x: {0}, %m: {1}, %pos: {1}", x, r).str(),
                       formatv("  %dg, %db = train.layer_norm_param_grad %dy, %x, %m, "
                               "%pos : {0}, {0}, {2}, {2} -> {1}, {1}",
                               x, sums, r)
                           .str(),
                       formatv("%dg: {0}, %db: {0}", sums).str(), tolerance});
      cases.push_back({"rms_norm" + name, formatv("%x: {0}, %g: {1}", x, c).str(),
                       formatv("  %y, %r = train.rms_norm %x, %g {{eps = 1.0e-5 : f64} : "
                               "{0}, {1} -> {0}, {2}",
                               x, c, r)
                           .str(),
                       formatv("%y: {0}, %r: {1}", x, r).str(), tolerance});
      cases.push_back({"rms_norm_backward" + name,
                       formatv("%dy: {0}, %x: {0}, %g: {1}, %pos: {2}", x, c, r).str(),
                       formatv("  %dx = train.rms_norm_backward %dy, %x, %g, %pos : {0}, "
                               "{0}, {1}, {2} -> {0}",
                               x, c, r)
                           .str(),
                       formatv("%dx: {0}", x).str(), tolerance});
      cases.push_back(
          {"rms_norm_param_grad" + name,
           formatv("%dy: {0}, %x: {0}, %pos: {1}", x, r).str(),
           formatv(
               "  %dg = train.rms_norm_param_grad %dy, %x, %pos : {0}, {0}, {2} -> {1}",
               x, sums, r)
               .str(),
           formatv("%dg: {0}", sums).str(), tolerance});
    }
  for (const char *element : {"f32", "bf16"})
    for (const Shape &shape :
         {Shape{4, 3}, Shape{2, 1, 5}, Shape{1, 3, 7}, Shape{3, 5, 4, 4},
          Shape{2, 16, 3, 3}, Shape{130, 9}, Shape{5, 2, 33, 31}}) {
      std::string x = typeOf(shape, element), c = typeOf({shape[1]}, element),
                  s = typeOf({shape[1]});
      std::string name = tag(shape) + "_" + element;
      Tolerance tolerance = element[0] == 'b' ? Tolerance{Tolerance::Row, 1.0 / 128}
                                              : row(product(shape) / shape[1]);
      cases.push_back(
          {"batch_norm" + name, formatv("%x: {0}, %g: {1}, %b: {1}", x, c).str(),
           formatv("  %y, %m, %v = train.batch_norm %x, %g, %b {{eps = 1.0e-5 : f64, "
                   "momentum = 0.1 : f64} : {0}, {1}, {1} -> {0}, {2}, {2}",
                   x, c, s)
               .str(),
           formatv("%y: {0}, %m: {1}, %v: {1}", x, s).str(), tolerance});
      cases.push_back(
          {"batch_norm_inference" + name,
           formatv("%x: {0}, %g: {1}, %b: {1}, %m: {2}, %pos: {2}", x, c, s).str(),
           formatv("  %y = train.batch_norm_inference %x, %g, %b, %m, %pos {{eps = "
                   "1.0e-5 : f64} : {0}, {1}, {1}, {2}, {2} -> {0}",
                   x, c, s)
               .str(),
           formatv("%y: {0}", x).str(), tolerance});
      cases.push_back(
          {"batch_norm_param_grad" + name,
           formatv("%dy: {0}, %x: {0}, %m: {1}, %pos: {1}", x, s).str(),
           formatv("  %dg, %db = train.batch_norm_param_grad %dy, %x, %m, %pos {{eps = "
                   "1.0e-5 : f64} : {0}, {0}, {1}, {1} -> {2}, {2}",
                   x, s, s)
               .str(),
           formatv("%dg: {0}, %db: {0}", s).str(), tolerance});
      cases.push_back(
          {"batch_norm_backward" + name,
           formatv("%dy: {0}, %x: {0}, %g: {1}, %m: {2}, %pos: {2}, %dg: {2}, %db: {2}",
                   x, c, s)
               .str(),
           formatv("  %dx = train.batch_norm_backward %dy, %x, %g, %m, %pos, %dg, %db "
                   "{{eps = 1.0e-5 : f64} : {0}, {0}, {1}, {2}, {2}, {2}, {2} -> {0}",
                   x, c, s)
               .str(),
           formatv("%dx: {0}", x).str(), tolerance});
    }
  for (int64_t size : {1, 9, 33})
    cases.push_back({"running_average" + tag({size}),
                     formatv("%old: {0}, %x: {0}", typeOf({size})).str(),
                     formatv("  %r = train.running_average %old, %x {{momentum = 0.1 : "
                             "f64, scale = 1.25 : f64} : {0}",
                             typeOf({size}))
                         .str(),
                     formatv("%r: {0}", typeOf({size})).str(), row(4)});
  return cases;
}

std::vector<Case> train::conformance::lossCases() {
  std::vector<Case> cases;
  for (const char *ids : {"i32", "i64"})
    for (const Shape &shape :
         {Shape{5}, Shape{1, 1}, Shape{4, 1}, Shape{1, 9}, Shape{7, 10}, Shape{2, 5, 33},
          Shape{300, 17}, Shape{3, 1000}}) {
      Shape rows(shape.begin(), shape.end() - 1);
      std::string x = typeOf(shape), l = typeOf(rows, ids), r = typeOf(rows);
      for (const char *labels : {"labels", "ign"}) {
        std::string name = formatv("{0}_{1}_{2}", tag(shape), ids, labels).str();
        cases.push_back({"cross_entropy" + name,
                         formatv("%x: {0}, %{2}: {1}", x, l, labels).str(),
                         formatv("  %r, %e, %c = train.cross_entropy %x, %{3} : {0}, {1} "
                                 "-> tensor<f32>, {2}, tensor<f32>",
                                 x, l, r, labels)
                             .str(),
                         formatv("%r: tensor<f32>, %e: {0}, %c: tensor<f32>", r).str(),
                         row(shape.back() + product(rows))});
        cases.push_back(
            {"cross_entropy_backward" + name,
             formatv("%d: tensor<f32>, %x: {0}, %{3}: {1}, %near: {2}, %c: tensor<f32>",
                     x, l, r, labels)
                 .str(),
             formatv("  %r = train.cross_entropy_backward %d, %x, %{3}, %near, %c : "
                     "tensor<f32>, {0}, {1}, {2}, tensor<f32> -> {0}",
                     x, l, r, labels)
                 .str(),
             formatv("%r: {0}", x).str(), row(4)});
      }
    }
  for (const Shape &shape : {Shape{7, 10}, Shape{300, 17}}) {
    Shape rows(shape.begin(), shape.end() - 1);
    cases.push_back(
        {"cross_entropy_part" + tag(shape),
         formatv("%x: {0}, %ign: {1}", typeOf(shape), typeOf(rows, "i32")).str(),
         formatv("  %d = train.constant dense<1234.0> : tensor<f32>\n"
                 "  %r, %e, %c = train.cross_entropy %x, %ign, %d : {0}, {1}, "
                 "tensor<f32> -> tensor<f32>, {2}, tensor<f32>",
                 typeOf(shape), typeOf(rows, "i32"), typeOf(rows))
             .str(),
         formatv("%r: tensor<f32>, %e: {0}, %c: tensor<f32>", typeOf(rows)).str(),
         row(shape.back() + product(rows))});
  }
  cases.push_back({"cross_entropy_all_ignored", "%x: tensor<3x5xf32>",
                   "  %l = train.constant dense<-100> : tensor<3xi32>\n"
                   "  %r, %e, %c = train.cross_entropy %x, %l : tensor<3x5xf32>, "
                   "tensor<3xi32> -> tensor<f32>, tensor<3xf32>, tensor<f32>",
                   "%r: tensor<f32>, %c: tensor<f32>", bits()});
  cases.push_back({"cross_entropy_bf16", "%x: tensor<6x40xbf16>, %l: tensor<6xi32>",
                   "  %r, %e, %c = train.cross_entropy %x, %l : tensor<6x40xbf16>, "
                   "tensor<6xi32> -> tensor<f32>, tensor<6xf32>, tensor<f32>",
                   "%r: tensor<f32>, %e: tensor<6xf32>, %c: tensor<f32>", row(40)});
  cases.push_back({"cross_entropy_backward_bf16",
                   "%d: tensor<f32>, %x: tensor<6x40xbf16>, %l: tensor<6xi32>, %e: "
                   "tensor<6xf32>, %c: tensor<f32>",
                   "  %r = train.cross_entropy_backward %d, %x, %l, %e, %c : "
                   "tensor<f32>, tensor<6x40xbf16>, tensor<6xi32>, tensor<6xf32>, "
                   "tensor<f32> -> tensor<6x40xbf16>",
                   "%r: tensor<6x40xbf16>", ulp(1)});
  for (const Shape &shape :
       {Shape{}, Shape{1}, Shape{9}, Shape{37, 41}, Shape{3, 4, 5}, Shape{100, 700}}) {
    cases.push_back(
        {"mse" + tag(shape), formatv("%x: {0}, %y: {0}", typeOf(shape)).str(),
         formatv("  %r = train.mse %x, %y : {0}, {0} -> tensor<f32>", typeOf(shape))
             .str(),
         "%r: tensor<f32>", row(product(shape))});
  }
  cases.push_back(
      {"mse_bf16", "%x: tensor<40xbf16>, %y: tensor<40xbf16>",
       "  %r = train.mse %x, %y : tensor<40xbf16>, tensor<40xbf16> -> tensor<f32>",
       "%r: tensor<f32>", row(40)});
  return cases;
}

TEST(Rows, Reductions) { check(reductionCases()); }
TEST(Rows, Normalizations) { check(normalizationCases()); }
TEST(Rows, Losses) { check(lossCases()); }
