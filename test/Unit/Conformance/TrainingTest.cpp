// Ops of the training step: random masks, optimizer updates, casts and loss scaling.
#include "Harness.h"

#include "llvm/Support/FormatVariadic.h"

using namespace train::conformance;
using llvm::formatv;

std::vector<Case> train::conformance::randomCases() {
  std::vector<Case> cases;
  cases.push_back({"random_key", "", "  %k = train.random_key : tensor<3xi64>",
                   "%k: tensor<3xi64>", bits()});
  // Masks are equal bit for bit. What is kept is multiplied by 1 / (1 - rate), where the
  // interpreter divides.
  for (auto [i, v] :
       llvm::enumerate(std::vector<std::tuple<const char *, int, double, int>>{
           {"4x33x", 4, 0.5, 0},
           {"60x130x", 30, 0.5, 0},
           {"9000x", 9, 0.5, 0},
           {"4x33x", 1, 0.1, 1},
           {"4x33x", 2, 0.3, 70000},
           {"6x1x", 6, 0.5, 2},
           {"8x", 4, 0.5, 3},
           {"64x", 64, 0.5, 3},
           {"2x8x", 8, 0.25, 4},
           {"2x3x1000x", 2, 0.9, 5},
           {"2x3x7x", 2, 0.0, 6},
           {"", 1, 0.5, 7},
           {"1x9x", 1, 0.75, 8},
           {"3x0x", 3, 0.5, 9}})) {
    auto [shape, samples, rate, site] = v;
    for (const char *element : {"f32", "f64", "bf16"}) {
      std::string type = formatv("tensor<{0}{1}>", shape, element);
      cases.push_back({formatv("dropout_{0}_{1}", i, element), "%x: " + type,
                       formatv("  %k = train.random_key : tensor<3xi64>\n"
                               "  %r = train.dropout %x, %k {{rate = {0} : f64, site = "
                               "{1} : i64, samples = {2} : i64} : {3}, tensor<3xi64>",
                               std::to_string(rate), site, samples, type),
                       "%r: " + type, ulp(element[0] == 'b' ? 1 : 2)});
    }
  }
  return cases;
}

std::vector<Case> train::conformance::optimizerCases() {
  std::vector<Case> cases;
  // A handful of roundings, relative to the largest element: the update's terms may
  // cancel.
  for (const char *element : {"f32", "f64", "bf16"})
    for (const char *shape : {"1x", "33x", "5x7x", "9001x", "", "0x"})
      for (int variant = 0; variant < 4; ++variant) {
        bool scaled = variant & 1, applied = variant & 2;
        std::string t = formatv("tensor<{0}{1}>", shape, element),
                    name = formatv("_{0}{1}_{2}", shape, element, variant);
        std::string extra = std::string(scaled ? " scale %s : tensor<f32>" : "") +
                            (applied ? " apply %a : tensor<i1>" : "");
        std::string inputs = formatv("%p: {0}, %g: {0}, %poslr: tensor<f32>", t).str() +
                             (scaled ? ", %s: tensor<f32>" : "") +
                             (applied ? ", %a: tensor<i1>" : "");
        Tolerance tolerance = element[0] == 'b' ? Tolerance{Tolerance::Row, 1.0 / 128}
                                                : Tolerance{Tolerance::Row, 1e-6};
        cases.push_back({"sgd" + name, inputs,
                         formatv("  %r = train.sgd %p, %g, lr %poslr{0} {{weight_decay = "
                                 "0.1 : f64} : {1}, {1}, tensor<f32>",
                                 extra, t),
                         "%r: " + t, tolerance});
        cases.push_back(
            {"momentum" + name, inputs + ", %v: " + t,
             formatv("  %r, %w = train.momentum %p, %g, %v, lr %poslr{0} {{beta = 0.9 : "
                     "f64, weight_decay = 0.1 : f64} : {1}, {1}, tensor<f32>",
                     extra, t),
             formatv("%r: {0}, %w: {0}", t), tolerance});
        cases.push_back(
            {"adamw" + name,
             inputs + ", %m: " + t + ", %posv: " + t +
                 ", %pos1: tensor<f32>, %pos2: tensor<f32>",
             formatv("  %r, %w, %u = train.adamw %p, %g, %m, %posv, corrections %pos1, "
                     "%pos2, lr %poslr{0} {{beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = "
                     "1.0e-3 : f64, weight_decay = 0.1 : f64{2}} "
                     ": {1}, {1}, tensor<f32>, tensor<f32>, tensor<f32>",
                     extra, t, scaled ? ", l2" : ""),
             formatv("%r: {0}, %w: {0}, %u: {0}", t), tolerance});
      }
  cases.push_back({"increment", "%x: tensor<i64>",
                   "  %r = train.increment %x : tensor<i64>", "%r: tensor<i64>", bits()});
  cases.push_back({"increment_apply", "%x: tensor<i64>, %a: tensor<i1>",
                   "  %r = train.increment %x apply %a : tensor<i1> : tensor<i64>",
                   "%r: tensor<i64>", bits()});
  for (const char *beta : {"0.9", "0.999", "0.0"})
    cases.push_back({formatv("bias_correction_{0}", beta[2] == '9' ? beta + 2 : "zero"),
                     "%x: tensor<i64>",
                     formatv("  %r = train.bias_correction %x {{beta = {0} : f64} : "
                             "tensor<i64> -> tensor<f32>",
                             beta),
                     "%r: tensor<f32>", ulp(1)});
  cases.push_back(
      {"bias_correction_late", "",
       "  %x = train.constant dense<123456> : tensor<i64>\n  %r = train.bias_correction "
       "%x {beta = 0.99999 : f64} : tensor<i64> -> tensor<f32>",
       "%r: tensor<f32>", ulp(1)});
  for (const char *shape : {"", "1x", "9x", "33x7x", "1000x", "20000x", "311x313x", "0x"})
    for (const char *element : {"f32", "bf16", "f64"})
      cases.push_back(
          {formatv("sum_squares_{0}{1}", shape, element),
           formatv("%int: tensor<{0}{1}>", shape, element),
           formatv("  %r = train.sum_squares %int : tensor<{0}{1}> -> tensor<f32>", shape,
                   element),
           "%r: tensor<f32>", bits()});
  // A power of two changes no bit.
  for (const char *element : {"f32", "bf16", "f64"})
    cases.push_back({formatv("sum_squares_scaled_{0}", element),
                     formatv("%int: tensor<311x313x{0}>", element),
                     formatv("  %s = train.constant dense<0.25> : tensor<f32>\n"
                             "  %r = train.sum_squares %int scale %s : tensor<f32> : "
                             "tensor<311x313x{0}> -> tensor<f32>",
                             element),
                     "%r: tensor<f32>", bits()});
  cases.push_back(
      {"clip_coefficient", "%pos: tensor<f32>, %posb: tensor<f32>, %posc: tensor<f32>",
       "  %c, %n = train.clip_coefficient %pos, %posb, %posc {max_norm = 0.5 : f64} : "
       "tensor<f32>, tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>\n"
       "  %d, %o = train.clip_coefficient %pos {max_norm = 100.0 : f64} : tensor<f32> -> "
       "tensor<f32>, tensor<f32>\n"
       "  %f, %q = train.clip_coefficient %pos {max_norm = 1.7976931348623157e308 : f64} "
       ": tensor<f32> -> tensor<f32>, tensor<f32>",
       "%c: tensor<f32>, %n: tensor<f32>, %d: tensor<f32>, %o: tensor<f32>, %f: "
       "tensor<f32>, %q: tensor<f32>",
       ulp(4)});
  return cases;
}

std::vector<Case> train::conformance::precisionCases() {
  std::vector<Case> cases;
  const char *types[] = {"f64", "f32", "f16", "bf16", "i64", "i32", "i8", "i1"};
  for (const char *from : types)
    for (const char *to : types) {
      if (from == to)
        continue;
      const char *input = from[0] == 'i' ? "signedx" : "special";
      if (std::string(from) == "i1")
        input = "x";
      for (const char *shape : {"67x", "3x5x"})
        cases.push_back(
            {formatv("cast_{0}_{1}_{2}", from, to, shape),
             formatv("%{0}: tensor<{1}{2}>", input, shape, from),
             formatv("  %r = train.cast %{0} : tensor<{1}{2}> -> tensor<{1}{3}>", input,
                     shape, from, to),
             formatv("%r: tensor<{0}{1}>", shape, to), bits()});
      if (from[0] != 'i')
        cases.push_back(
            {formatv("cast_{0}_{1}_random", from, to),
             formatv("%x: tensor<300x{0}>", from),
             formatv("  %r = train.cast %x : tensor<300x{0}> -> tensor<300x{1}>", from,
                     to),
             formatv("%r: tensor<300x{0}>", to), bits()});
    }
  for (const char *element : {"f32", "f64", "bf16", "f16"}) {
    cases.push_back(
        {formatv("scale_loss_{0}", element),
         formatv("%x: tensor<{0}>, %s: tensor<f32>", element),
         formatv("  %r = train.scale_loss %x, %s : tensor<{0}>, tensor<f32>", element),
         formatv("%r: tensor<{0}>", element), bits()});
    cases.push_back(
        {formatv("unscale_{0}", element),
         formatv("%x: tensor<3x9x{0}>, %pos: tensor<f32>", element),
         formatv("  %r = train.unscale %x, %pos : tensor<3x9x{0}>, tensor<f32>", element),
         formatv("%r: tensor<3x9x{0}>", element), bits()});
    for (const char *shape : {"", "1x", "9x", "33x70x", "9000x", "0x"})
      for (const char *input : {"x", "special"})
        cases.push_back(
            {formatv("check_finite_{0}{1}_{2}", shape, element, input),
             formatv("%{0}: tensor<{1}{2}>, %p: tensor<i1>", input, shape, element),
             formatv("  %q = train.check_finite %{0} : tensor<{1}{2}> -> tensor<i1>\n"
                     "  %r = train.check_finite %{0} and %p : tensor<i1>, : "
                     "tensor<{1}{2}> -> tensor<i1>",
                     input, shape, element),
             "%q: tensor<i1>, %r: tensor<i1>", bits()});
    // 1e38 * 1e3 is infinite in all of them but f64; 1e38 itself is not in f16.
    cases.push_back(
        {formatv("check_finite_scaled_{0}", element), "",
         formatv("  %x = train.constant dense<3.0e4> : tensor<9000x{0}>\n"
                 "  %s = train.constant dense<1.0e30> : tensor<f32>\n"
                 "  %t = train.constant dense<1.0e37> : tensor<f32>\n"
                 "  %q = train.check_finite %x scale %s : tensor<f32>, : "
                 "tensor<9000x{0}> -> tensor<i1>\n"
                 "  %r = train.check_finite %x scale %t : tensor<f32>, and %q "
                 ": tensor<i1>, : tensor<9000x{0}> -> tensor<i1>",
                 element),
         "%q: tensor<i1>, %r: tensor<i1>", bits()});
  }
  for (const char *window : {"1", "2", "5", "2000"})
    cases.push_back(
        {formatv("update_scale_{0}", window),
         "%pos: tensor<f32>, %g: tensor<i64>, %b: tensor<i64>, %f: tensor<i1>",
         formatv("  %s, %h, %c = train.update_scale %pos, %g, %b, %f {{growth = 2.0 : "
                 "f64, backoff = 0.5 : f64, window = {0} : i64, hysteresis = 2 : i64, "
                 "minimum = 0.25 : f64} "
                 ": tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>",
                 window),
         "%s: tensor<f32>, %h: tensor<i64>, %c: tensor<i64>", bits()});
  return cases;
}

TEST(Training, Randomness) { check(randomCases()); }
TEST(Training, Optimizers) { check(optimizerCases()); }
TEST(Training, Precision) { check(precisionCases()); }
