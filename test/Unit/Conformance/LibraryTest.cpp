// Ops that library entries run: data movement bit for bit, contractions within rounding
// of their products.
#include "Harness.h"

#include "llvm/Support/FormatVariadic.h"

using namespace train::conformance;
using llvm::formatv;

std::vector<Case> train::conformance::shapeCases() {
  std::vector<Case> cases;
  auto add = [&](const std::string &name, const char *input, const std::string &op,
                 const char *result) {
    for (const char *element : {"f32", "f64", "bf16", "i32", "i64", "i1"}) {
      auto typed = [&](const char *shape) {
        return formatv("tensor<{0}{1}>", shape, element).str();
      };
      cases.push_back(
          {name + "_" + element, "%x: " + typed(input),
           "  %r = train." + op + " : " + typed(input) + " -> " + typed(result),
           "%r: " + typed(result), bits()});
    }
  };
  add("reshape", "4x6x", "reshape %x to [3, -1]", "3x8x");
  add("reshape_scalar", "1x1x", "reshape %x to []", "");
  add("transpose_2d", "5x33x", "transpose %x by [1, 0]", "33x5x");
  add("transpose_one", "1x9x", "transpose %x by [1, 0]", "9x1x");
  add("transpose_large", "67x130x", "transpose %x by [1, 0]", "130x67x");
  add("transpose_4d", "2x3x4x5x", "transpose %x by [0, 2, 1, 3]", "2x4x3x5x");
  add("transpose_reverse", "2x3x4x5x", "transpose %x by [3, 2, 1, 0]", "5x4x3x2x");
  add("transpose_5d", "2x1x3x2x4x", "transpose %x by [4, 0, 3, 1, 2]", "4x2x2x1x3x");
  add("transpose_same", "3x4x", "transpose %x by [0, 1]", "3x4x");
  add("transpose_empty", "0x4x", "transpose %x by [1, 0]", "4x0x");
  add("slice_rows", "9x7x",
      "slice %x {offsets = array<i64: 2, 0>, sizes = array<i64: 5, 7>, strides = "
      "array<i64: 1, 1>}",
      "5x7x");
  add("slice_columns", "9x7x",
      "slice %x {offsets = array<i64: 0, 3>, sizes = array<i64: 9, 4>, strides = "
      "array<i64: 1, 1>}",
      "9x4x");
  add("slice_steps", "9x70x",
      "slice %x {offsets = array<i64: 1, 3>, sizes = array<i64: 3, 20>, strides = "
      "array<i64: 3, 3>}",
      "3x20x");
  add("slice_one", "3x4x5x",
      "slice %x {offsets = array<i64: 2, 1, 4>, sizes = array<i64: 1, 1, 1>, strides = "
      "array<i64: 1, 1, 1>}",
      "1x1x1x");
  add("slice_none", "3x4x",
      "slice %x {offsets = array<i64: 1, 0>, sizes = array<i64: 0, 4>, strides = "
      "array<i64: 1, 1>}",
      "0x4x");
  add("pad_edges", "3x5x",
      "pad %x {low = array<i64: 1, 0>, high = array<i64: 2, 3>, interior = array<i64: 0, "
      "0>}",
      "6x8x");
  add("pad_interior", "3x5x",
      "pad %x {low = array<i64: 0, 1>, high = array<i64: 0, 0>, interior = array<i64: 1, "
      "2>, value = 1.0 : f64}",
      "5x14x");
  add("pad_empty", "0x5x",
      "pad %x {low = array<i64: 2, 0>, high = array<i64: 0, 0>, interior = array<i64: 0, "
      "0>, value = 1.0 : f64}",
      "2x5x");
  add("pad_one", "1x",
      "pad %x {low = array<i64: 3>, high = array<i64: 0>, interior = array<i64: 4>}",
      "4x");
  add("broadcast_rows", "33x", "broadcast %x to [4, 33]", "4x33x");
  add("broadcast_columns", "4x1x", "broadcast %x to [4, 33]", "4x33x");
  add("broadcast_scalar", "", "broadcast %x to [3, 5]", "3x5x");
  add("broadcast_middle", "2x1x3x", "broadcast %x to [5, 2, 4, 3]", "5x2x4x3x");
  add("broadcast_same", "2x3x", "broadcast %x to [2, 3]", "2x3x");
  for (const char *element : {"f32", "f64", "bf16", "i64", "i1"}) {
    auto two = [&](const char *name, const char *a, const char *b, int dim,
                   const char *r) {
      cases.push_back(
          {formatv("concat_{0}_{1}", name, element).str(),
           formatv("%x: tensor<{0}{2}>, %y: tensor<{1}{2}>", a, b, element).str(),
           formatv("  %r = train.concat %x, %y, %x along {0} : tensor<{1}{3}>, "
                   "tensor<{2}{3}>, tensor<{1}{3}> -> tensor<{4}{3}>",
                   dim, a, b, element, r)
               .str(),
           formatv("%r: tensor<{0}{1}>", r, element).str(), bits()});
    };
    two("rows", "2x5x", "3x5x", 0, "7x5x");
    two("columns", "4x3x", "4x9x", 1, "4x15x");
    two("middle", "2x1x3x", "2x4x3x", 1, "2x6x3x");
    two("empty", "0x3x", "2x3x", 0, "2x3x");
    two("flat", "1x", "33x", 0, "35x");
  }
  return cases;
}

std::vector<Case> train::conformance::constantCases() {
  std::vector<Case> cases;
  auto add = [&](const std::string &name, const std::string &body,
                 const std::string &type) {
    cases.push_back(
        {name, "", "  %r = train." + body + " : " + type, "%r: " + type, bits()});
  };
  add("splat_f32", "constant dense<0.1>", "tensor<3x5xf32>");
  add("splat_scalar", "constant dense<-2.5>", "tensor<f32>");
  add("splat_f64", "constant dense<0.1>", "tensor<9xf64>");
  add("splat_bf16", "constant dense<0.1>", "tensor<9xbf16>");
  add("splat_f16", "constant dense<0.1>", "tensor<9xf16>");
  add("splat_nan", "constant dense<0x7FC00000>", "tensor<9xf32>");
  add("splat_i32", "constant dense<-7>", "tensor<9xi32>");
  add("splat_i64", "constant dense<9007199254740993>", "tensor<9xi64>");
  add("splat_i1", "constant dense<true>", "tensor<9xi1>");
  add("list_f32", "constant dense<[[1.0, -0.0, 3.5], [0.1, 0.2, 0.3]]>",
      "tensor<2x3xf32>");
  add("list_bf16", "constant dense<[1.0, 0.1, 3.5]>", "tensor<3xbf16>");
  add("list_i64", "constant dense<[9007199254740993, -1]>", "tensor<2xi64>");
  add("list_i1", "constant dense<[true, false, true]>", "tensor<3xi1>");
  // As operands: a splat becomes part of a kernel, a list is laid down.
  cases.push_back(
      {"splat_operand", "%x: tensor<4x9xi64>",
       "  %c = train.constant dense<9007199254740993> : tensor<9xi64>\n"
       "  %r = train.add %x, %c : tensor<4x9xi64>, tensor<9xi64> -> tensor<4x9xi64>",
       "%r: tensor<4x9xi64>", bits()});
  cases.push_back({"bool_operand", "%x: tensor<9xf32>, %y: tensor<9xf32>",
                   "  %c = train.constant dense<true> : tensor<9xi1>\n"
                   "  %r = train.select %c, %x, %y : tensor<9xi1>, tensor<9xf32>, "
                   "tensor<9xf32> -> tensor<9xf32>",
                   "%r: tensor<9xf32>", bits()});
  cases.push_back(
      {"list_operand", "%x: tensor<4x3xf32>",
       "  %c = train.constant dense<[1.5, -2.0, 0.1]> : tensor<3xf32>\n"
       "  %r = train.mul %x, %c : tensor<4x3xf32>, tensor<3xf32> -> tensor<4x3xf32>",
       "%r: tensor<4x3xf32>", bits()});
  cases.push_back(
      {"bf16_operand", "%x: tensor<9xbf16>",
       "  %c = train.constant dense<0.1> : tensor<9xbf16>\n"
       "  %r = train.mul %x, %c : tensor<9xbf16>, tensor<9xbf16> -> tensor<9xbf16>",
       "%r: tensor<9xbf16>", bits()});
  for (const char *element : {"f32", "f64", "bf16", "i32", "i64"})
    for (auto [dim, shape] :
         std::initializer_list<std::pair<int, const char *>>{{0, "37x"},
                                                             {0, "1x"},
                                                             {0, "5x33x"},
                                                             {1, "5x33x"},
                                                             {1, "3x1x"},
                                                             {0, "3x1x"},
                                                             {0, "2x3x4x"},
                                                             {1, "2x3x4x"},
                                                             {2, "2x3x4x"},
                                                             {1, "2x3x4x5x"},
                                                             {0, "1x7x"}})
      add(formatv("iota_{0}_{1}_{2}", dim, shape, element), formatv("iota {0}", dim),
          formatv("tensor<{0}{1}>", shape, element));
  return cases;
}

std::vector<Case> train::conformance::indexCases() {
  std::vector<Case> cases;
  for (const char *ids : {"i32", "i64"})
    for (auto [v, c, n] :
         std::initializer_list<std::tuple<int, int, const char *>>{{5, 7, "9x"},
                                                                   {1, 1, "3x"},
                                                                   {40, 33, "2x3x"},
                                                                   {6, 8, ""},
                                                                   {100, 64, "300x"},
                                                                   {9, 4, "0x"}}) {
      std::string tag = formatv("{0}_{1}_{2}{3}", v, c, n, ids);
      cases.push_back(
          {"embedding_" + tag,
           formatv("%t: tensor<{0}x{1}xf32>, %i: tensor<{2}{3}>", v, c, n, ids),
           formatv("  %r = train.embedding %t, %i : tensor<{0}x{1}xf32>, tensor<{2}{3}> "
                   "-> tensor<{2}{1}xf32>",
                   v, c, n, ids),
           formatv("%r: tensor<{0}{1}xf32>", n, c), bits()});
      // Sums in ascending order in f32; the interpreter rounds once.
      cases.push_back(
          {"embedding_grad_" + tag,
           formatv("%i: tensor<{0}{1}>, %int: tensor<{0}{2}xf32>", n, ids, c),
           formatv("  %r = train.embedding_grad %i, %int {{vocabulary = {0} : i64} : "
                   "tensor<{2}{3}>, tensor<{2}{1}xf32> -> tensor<{0}x{1}xf32>",
                   v, c, n, ids),
           formatv("%r: tensor<{0}x{1}xf32>", v, c), bits()});
      cases.push_back(
          {"embedding_grad_into_" + tag,
           formatv("%i: tensor<{0}{1}>, %x: tensor<{0}{2}xf32>, %a: tensor<{3}x{2}xf32>",
                   n, ids, c, v),
           formatv("  %r = train.embedding_grad %i, %x into %a : tensor<{0}x{1}xf32>, "
                   "{{vocabulary = {0} : i64} : tensor<{2}{3}>, tensor<{2}{1}xf32> -> "
                   "tensor<{0}x{1}xf32>",
                   v, c, n, ids),
           formatv("%r: tensor<{0}x{1}xf32>", v, c), terms(300)});
    }
  // Narrow terms: small integers are summed exactly into either type of table.
  for (const char *from : {"f16", "bf16"})
    for (const char *to : {from, "f32"}) {
      const bool into = to != from;
      cases.push_back(
          {formatv("embedding_grad_{0}_{1}", from, to),
           formatv("%i: tensor<50xi32>, %int: tensor<50x37x{0}>", from).str() +
               (into ? ", %a: tensor<9x37xf32>" : ""),
           formatv("  %r = train.embedding_grad %i, %int {0} {{vocabulary = 9 : i64} : "
                   "tensor<50xi32>, tensor<50x37x{1}> -> tensor<9x37x{2}>",
                   into ? "into %a : tensor<9x37xf32>, " : "", from, to),
           formatv("%r: tensor<9x37x{0}>", to), into ? terms(50) : bits()});
    }
  cases.push_back({"embedding_bf16", "%t: tensor<9x5xbf16>, %i: tensor<4xi32>",
                   "  %r = train.embedding %t, %i : tensor<9x5xbf16>, tensor<4xi32> -> "
                   "tensor<4x5xbf16>",
                   "%r: tensor<4x5xbf16>", bits()});
  return cases;
}

std::vector<Case> train::conformance::contractionCases() {
  std::vector<Case> cases;
  // 1e-5 * sqrt(K) of the products' magnitudes is asked for; four times the expected
  // rounding is less.
  for (auto [batch, m, n, k] :
       std::initializer_list<std::tuple<const char *, int, int, int>>{{"", 1, 1, 1},
                                                                      {"", 4, 7, 5},
                                                                      {"", 1, 33, 16},
                                                                      {"", 33, 1, 9},
                                                                      {"", 64, 48, 100},
                                                                      {"", 31, 65, 300},
                                                                      {"3x", 5, 6, 7},
                                                                      {"2x3x", 8, 9, 4},
                                                                      {"1x", 17, 16, 33},
                                                                      {"", 3, 4, 0},
                                                                      {"", 0, 4, 3}})
    for (int transposed = 0; transposed < 4; ++transposed)
      for (bool accumulate : {false, true}) {
        std::string lhs = transposed & 1 ? formatv("{0}{1}x{2}x", batch, k, m)
                                         : formatv("{0}{1}x{2}x", batch, m, k);
        std::string rhs = transposed & 2 ? formatv("{0}{1}x{2}x", batch, n, k)
                                         : formatv("{0}{1}x{2}x", batch, k, n);
        std::string result = formatv("{0}{1}x{2}x", batch, m, n);
        std::string flags = transposed == 0   ? ""
                            : transposed == 1 ? "{transpose_lhs} "
                            : transposed == 2 ? "{transpose_rhs} "
                                              : "{transpose_lhs, transpose_rhs} ";
        std::string into =
            accumulate ? formatv("into %c : tensor<{0}f32>, ", result).str() : "";
        cases.push_back(
            {formatv("matmul_{0}{1}_{2}_{3}_{4}_{5}", batch, m, n, k, transposed,
                     accumulate),
             formatv("%a: tensor<{0}f32>, %b: tensor<{1}f32>", lhs, rhs).str() +
                 (accumulate ? formatv(", %c: tensor<{0}f32>", result).str() : ""),
             formatv("  %r = train.matmul %a, %b {0}{1}: tensor<{2}f32>, tensor<{3}f32> "
                     "-> tensor<{4}f32>",
                     into, flags, lhs, rhs, result),
             formatv("%r: tensor<{0}f32>", result), terms(k)});
      }
  auto plain = [&](const char *name, const char *flags, const char *lhs, const char *rhs,
                   const char *result, int k) {
    cases.push_back({name, formatv("%a: tensor<{0}xf32>, %b: tensor<{1}xf32>", lhs, rhs),
                     formatv("  %r = train.matmul %a, %b {0}: tensor<{1}xf32>, "
                             "tensor<{2}xf32> -> tensor<{3}xf32>",
                             flags, lhs, rhs, result),
                     formatv("%r: tensor<{0}xf32>", result), terms(k)});
  };
  plain("matmul_shared_rhs", "", "3x5x7", "7x9", "3x5x9", 7);
  plain("matmul_shared_rhs_t", "{transpose_rhs} ", "2x3x5x7", "9x7", "2x3x5x9", 7);
  plain("matmul_shared_rhs_lt", "{transpose_lhs} ", "3x7x5", "7x9", "3x5x9", 7);
  plain("matmul_shared_lhs", "", "5x7", "3x7x9", "3x5x9", 7);
  plain("matmul_shared_lhs_t", "{transpose_lhs, transpose_rhs} ", "7x5", "3x9x7", "3x5x9",
        7);
  // Operands of two bytes; the result has their type, or that of an accumulator.
  for (const char *from : {"f16", "bf16"})
    for (const char *to : {from, "f32"})
      for (auto [m, n, k] : std::initializer_list<std::tuple<int, int, int>>{
               {1, 1, 5}, {1, 40, 17}, {40, 1, 17}, {31, 65, 300}, {3, 4, 0}})
        for (bool transposed : {false, true}) {
          std::string lhs = formatv("tensor<{0}x{1}x{2}>", transposed ? k : m,
                                    transposed ? m : k, from),
                      rhs = formatv("tensor<{0}x{1}x{2}>", transposed ? n : k,
                                    transposed ? k : n, from),
                      result = formatv("tensor<{0}x{1}x{2}>", m, n, to);
          bool accumulate = to != from || transposed;
          cases.push_back(
              {formatv("matmul_{0}_{1}_{2}_{3}_{4}_{5}", from, to, m, n, k, transposed),
               "%a: " + lhs + ", %b: " + rhs + (accumulate ? ", %c: " + result : ""),
               formatv("  %r = train.matmul %a, %b {0}{1}: {2}, {3} -> {4}",
                       accumulate ? "into %c : " + result + ", " : "",
                       transposed ? "{transpose_lhs, transpose_rhs} " : "", lhs, rhs,
                       result),
               "%r: " + result, terms(k)});
        }

  struct Conv {
    int n, c, h, w, o, kh, kw, sh, sw, pt, pl, pb, pr, dh, dw, groups;
  };
  const Conv convs[] = {{1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
                        {2, 3, 8, 9, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                        {1, 4, 7, 7, 6, 3, 2, 2, 1, 0, 1, 1, 0, 1, 1, 2},
                        {2, 4, 9, 5, 4, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 4},
                        {3, 8, 6, 6, 16, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
                        {1, 3, 17, 15, 8, 7, 7, 2, 2, 3, 3, 3, 3, 1, 1, 1},
                        {2, 2, 5, 11, 3, 2, 4, 3, 2, 1, 0, 0, 2, 1, 2, 1},
                        {1, 16, 12, 12, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
  for (auto [i, v] : llvm::enumerate(convs))
    for (std::string element : {"f32", "f16", "bf16"}) {
      int oh = (v.h + v.pt + v.pb - v.dh * (v.kh - 1) - 1) / v.sh + 1,
          ow = (v.w + v.pl + v.pr - v.dw * (v.kw - 1) - 1) / v.sw + 1;
      auto type = [](int a, int b, int c, int d, const std::string &element) {
        return formatv("tensor<{0}x{1}x{2}x{3}x{4}>", a, b, c, d, element).str();
      };
      std::string x = type(v.n, v.c, v.h, v.w, element),
                  f = type(v.o, v.c / v.groups, v.kh, v.kw, element),
                  y = type(v.n, v.o, oh, ow, element);
      std::string attributes =
          formatv("strides = array<i64: {0}, {1}>, padding = array<i64: {2}, {3}, {4}, "
                  "{5}>, dilations = array<i64: {6}, {7}>, groups = {8} : i64",
                  v.sh, v.sw, v.pt, v.pl, v.pb, v.pr, v.dh, v.dw, v.groups);
      int k = v.c / v.groups * v.kh * v.kw;
      std::string tag = formatv("{0}_{1}", element, i);
      cases.push_back({"conv2d_" + tag, "%x: " + x + ", %f: " + f,
                       "  %r = train.conv2d %x, %f {" + attributes + "} : " + x + ", " +
                           f + " -> " + y,
                       "%r: " + y, terms(k)});
      cases.push_back(
          {"conv2d_transpose_" + tag, "%d: " + y + ", %f: " + f,
           formatv("  %r = train.conv2d_transpose %d, %f {{size = array<i64: {0}, {1}>, ",
                   v.h, v.w)
                   .str() +
               attributes + "} : " + y + ", " + f + " -> " + x,
           "%r: " + x, terms(v.o / v.groups * v.kh * v.kw)});
      std::string size = formatv("{{size = array<i64: {0}, {1}>, ", v.kh, v.kw);
      cases.push_back({"conv2d_filter_grad_" + tag, "%x: " + x + ", %d: " + y,
                       "  %r = train.conv2d_filter_grad %x, %d " + size + attributes +
                           "} : " + x + ", " + y + " -> " + f,
                       "%r: " + f, terms(v.n * oh * ow)});
      // Into sums in f32, as training accumulates them, whatever the operands are.
      std::string sums = type(v.o, v.c / v.groups, v.kh, v.kw, "f32");
      cases.push_back({"conv2d_filter_grad_into_" + tag,
                       "%x: " + x + ", %d: " + y + ", %a: " + sums,
                       "  %r = train.conv2d_filter_grad %x, %d into %a : " + sums + ", " +
                           size + attributes + "} : " + x + ", " + y + " -> " + sums,
                       "%r: " + sums, terms(v.n * oh * ow)});
    }

  // Not sums of products alone: relative to the largest element.
  struct Attention {
    int b, t, s, h, g, d;
    bool causal;
  };
  for (auto [i, v] :
       llvm::enumerate(std::vector<Attention>{{1, 1, 1, 1, 1, 1, false},
                                              {2, 9, 9, 2, 2, 8, true},
                                              {1, 33, 33, 4, 2, 16, true},
                                              {2, 7, 13, 3, 1, 5, false},
                                              {1, 5, 12, 2, 2, 9, true},
                                              {1, 130, 130, 1, 1, 32, true},
                                              {1, 70, 100, 2, 1, 64, false}})) {
    std::string q = formatv("tensor<{0}x{1}x{2}x{3}xf32>", v.b, v.t, v.h, v.d),
                k = formatv("tensor<{0}x{1}x{2}x{3}xf32>", v.b, v.s, v.g, v.d),
                l = formatv("tensor<{0}x{1}x{2}xf32>", v.b, v.h, v.t);
    std::string attributes =
        formatv("{{scale = 0.3 : f64{0}}", v.causal ? ", causal" : "");
    cases.push_back(
        {formatv("attention_{0}", i), formatv("%q: {0}, %k: {1}, %v: {1}", q, k),
         formatv("  %o, %l = train.attention %q, %k, %v {0} : {1}, {2}, {2} -> {1}, {3}",
                 attributes, q, k, l),
         formatv("%o: {0}, %l: {1}", q, l), row(v.s + v.d)});
    // Forward first: backward relies on its residuals.
    cases.push_back(
        {formatv("attention_backward_{0}", i),
         formatv("%q: {0}, %k: {1}, %v: {1}, %d: {0}", q, k),
         formatv("  %o, %l = train.attention %q, %k, %v {0} : {1}, {2}, {2} -> {1}, {3}\n"
                 "  %dq, %dk, %dv = train.attention_backward %q, %k, %v, %o, %l, %d {0} "
                 ": {1}, {2}, {2}, {3} -> {1}, {2}, {2}",
                 attributes, q, k, l),
         formatv("%dq: {0}, %dk: {1}, %dv: {1}", q, k),
         row(4 * (v.s + v.d + v.t * v.h / v.g))});
    // Elements of two bytes. Backward is given its residuals: a difference of one unit in
    // what forward rounds would be a difference of many in what backward takes from it.
    for (std::string type : {"f16", "bf16"}) {
      std::string nq = formatv("tensor<{0}x{1}x{2}x{3}x{4}>", v.b, v.t, v.h, v.d, type),
                  nk = formatv("tensor<{0}x{1}x{2}x{3}x{4}>", v.b, v.s, v.g, v.d, type);
      cases.push_back(
          {formatv("attention_{0}_{1}", type, i),
           formatv("%q: {0}, %k: {1}, %v: {1}", nq, nk),
           formatv(
               "  %o, %l = train.attention %q, %k, %v {0} : {1}, {2}, {2} -> {1}, {3}",
               attributes, nq, nk, l),
           formatv("%o: {0}, %l: {1}", nq, l), row(v.s + v.d)});
      cases.push_back(
          {formatv("attention_backward_{0}_{1}", type, i),
           formatv("%q: {0}, %k: {1}, %v: {1}, %d: {0}, %o: {0}, %pos: {2}", nq, nk, l),
           formatv("  %dq, %dk, %dv = train.attention_backward %q, %k, %v, %o, %pos, %d "
                   "{0} : {1}, {2}, {2}, {3} -> {1}, {2}, {2}",
                   attributes, nq, nk, l),
           formatv("%dq: {0}, %dk: {1}, %dv: {1}", nq, nk),
           row(4 * (v.s + v.d + v.t * v.h / v.g))});
    }
  }
  return cases;
}

std::vector<Case> train::conformance::poolingCases() {
  std::vector<Case> cases;
  struct Pool {
    int n, c, h, w, kh, kw, sh, sw, pt, pl, pb, pr;
  };
  for (auto [i, v] :
       llvm::enumerate(std::vector<Pool>{{1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},
                                         {2, 3, 8, 9, 2, 2, 2, 2, 0, 0, 0, 0},
                                         {2, 3, 9, 7, 3, 3, 2, 2, 1, 1, 1, 1},
                                         {1, 2, 5, 33, 3, 2, 1, 3, 0, 1, 2, 0},
                                         {1, 4, 7, 7, 7, 7, 1, 1, 0, 0, 0, 0},
                                         {3, 5, 12, 35, 3, 3, 1, 1, 1, 1, 1, 1}}))
    for (std::string element : {"f32", "f16", "bf16"}) {
      int oh = (v.h + v.pt + v.pb - v.kh) / v.sh + 1,
          ow = (v.w + v.pl + v.pr - v.kw) / v.sw + 1;
      std::string x = formatv("tensor<{0}x{1}x{2}x{3}x{4}>", v.n, v.c, v.h, v.w, element),
                  y = formatv("tensor<{0}x{1}x{2}x{3}x{4}>", v.n, v.c, oh, ow, element),
                  j = formatv("tensor<{0}x{1}x{2}x{3}xi32>", v.n, v.c, oh, ow);
      std::string tag = formatv("{0}_{1}", element, i);
      std::string attributes = formatv(
          "window = array<i64: {0}, {1}>, strides = array<i64: {2}, {3}>, padding "
          "= array<i64: {4}, {5}, {6}, {7}>}",
          v.kh, v.kw, v.sh, v.sw, v.pt, v.pl, v.pb, v.pr);
      std::string size = formatv("{{size = array<i64: {0}, {1}>, ", v.h, v.w);
      cases.push_back({"max_pool2d_" + tag, "%x: " + x,
                       "  %r, %j = train.max_pool2d %x {" + attributes + " : " + x +
                           " -> " + y + ", " + j,
                       "%r: " + y + ", %j: " + j, bits()});
      cases.push_back({"max_pool2d_ties_" + tag, "%int: " + x,
                       "  %r, %j = train.max_pool2d %int {" + attributes + " : " + x +
                           " -> " + y + ", " + j,
                       "%r: " + y + ", %j: " + j, bits()});
      cases.push_back({"max_pool2d_backward_" + tag, "%x: " + x + ", %int: " + y,
                       "  %r, %j = train.max_pool2d %x {" + attributes + " : " + x +
                           " -> " + y + ", " + j +
                           "\n  %d = train.max_pool2d_backward %int, %j " + size +
                           attributes + " : " + y + ", " + j + " -> " + x,
                       "%d: " + x, bits()});
      cases.push_back(
          {"avg_pool2d_" + tag, "%x: " + x,
           "  %r = train.avg_pool2d %x {" + attributes + " : " + x + " -> " + y,
           "%r: " + y, terms(v.kh * v.kw)});
      cases.push_back({"avg_pool2d_backward_" + tag, "%d: " + y,
                       "  %r = train.avg_pool2d_backward %d " + size + attributes +
                           " : " + y + " -> " + x,
                       "%r: " + x, terms(v.kh * v.kw)});
    }
  return cases;
}

TEST(Library, MovesData) { check(shapeCases()); }
TEST(Library, LaysConstantsDown) { check(constantCases()); }
TEST(Library, Indexes) { check(indexCases()); }
TEST(Library, Contracts) { check(contractionCases()); }
TEST(Library, Pools) { check(poolingCases()); }
