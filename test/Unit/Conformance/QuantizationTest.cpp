// Types of 8 bits and fewer against the interpreter, bit for bit: every bf16 and f16, and
// every f32 where rounding changes its mind; scales of tensors and of blocks; and how
// scales are chosen. Results leave the programs as f32, which holds them all exactly.
#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"

#include <gtest/gtest.h>

using namespace train::conformance;
using llvm::formatv;

namespace {

const char *const kFloats[] = {"f8E4M3FN", "f8E5M2", "f4E2M1FN"};

std::string tensor(const std::string &shape, const std::string &element) {
  return "tensor<" + shape + "x" + element + ">";
}

/// "  %to = train.cast %from", with types.
std::string castLine(const std::string &to, const std::string &from,
                     const std::string &shape, const std::string &element,
                     const std::string &target = "f32") {
  return formatv("\n  %{0} = train.cast %{1} : {2} -> {3}", to, from,
                 tensor(shape, element), tensor(shape, target));
}

void addCasts(std::vector<Case> &cases) {
  struct Source {
    const char *name, *shape, *element;
  };
  for (Source source : {Source{"sweep", "65536", "bf16"}, Source{"sweep", "65536", "f16"},
                        Source{"edges", "6400", "f32"}, Source{"special", "62", "f64"},
                        Source{"x", "30x66", "f64"}, Source{"signed", "66", "i32"}})
    for (const char *to : {"f8E4M3FN", "f8E5M2", "f4E2M1FN", "f8E8M0FNU"}) {
      // What becomes of numbers below 0 and NaN in a type of powers is one value, too.
      std::string in = tensor(source.shape, source.element),
                  low = tensor(source.shape, to), out = tensor(source.shape, "f32");
      cases.push_back(
          {formatv("cast_{0}_{1}_{2}", source.name, source.element, to),
           formatv("%{0}: {1}", source.name, in),
           formatv("  %q = train.cast %{0} : {1} -> {2}", source.name, in, low).str() +
               castLine("r", "q", source.shape, to),
           "%r: " + out, bits()});
    }
  for (const char *from : {"f8E4M3FN", "f8E5M2", "f4E2M1FN", "f8E8M0FNU"})
    for (const char *to : {"f64", "f32", "f16", "bf16", "i32", "i8"})
      cases.push_back({formatv("cast_{0}_{1}", from, to), "%edges: tensor<6400xf32>",
                       formatv("  %q = train.cast %edges : tensor<6400xf32> -> {0}",
                               tensor("6400", from))
                               .str() +
                           castLine("r", "q", "6400", from, to),
                       "%r: " + tensor("6400", to), bits()});
}

void addScaled(std::vector<Case> &cases) {
  struct Source {
    const char *name, *shape, *element;
  };
  for (Source source : {Source{"sweep", "65536", "bf16"}, Source{"edges", "6400", "f32"},
                        Source{"x", "30x66", "f32"}, Source{"x", "30x66", "f64"},
                        Source{"special", "2x34", "f16"}})
    for (const char *to : {"f8E4M3FN", "f8E5M2", "f4E2M1FN", "f8E8M0FNU", "i8"}) {
      std::string in = tensor(source.shape, source.element),
                  low = tensor(source.shape, to), out = tensor(source.shape, "f32");
      cases.push_back(
          {formatv("quantize_{0}_{1}_{2}", source.name, source.element, to),
           formatv("%{0}: {1}, %pos: tensor<f32>", source.name, in),
           formatv("  %q = train.quantize %{0}, %pos : {1}, tensor<f32> -> {2}",
                   source.name, in, low)
                   .str() +
               castLine("r", "q", source.shape, to),
           "%r: " + out, bits()});
      if (std::string(to) == "f8E8M0FNU" || std::string(to) == "i8")
        continue;
      // Four samples, or one.
      int samples = source.shape[0] == '3' ? 30 : 2;
      cases.push_back(
          {formatv("quantize_random_{0}_{1}_{2}", source.name, source.element, to),
           formatv("%{0}: {1}, %pos: tensor<f32>", source.name, in),
           formatv("  %k = train.random_key : tensor<3xi64>\n  %q = train.quantize %{0}, "
                   "%pos random %k : tensor<3xi64>, {{samples = {3} : i64, site = 5 : "
                   "i64} : {1}, tensor<f32> -> {2}",
                   source.name, in, low, samples)
                   .str() +
               castLine("r", "q", source.shape, to),
           "%r: " + out, bits()});
    }
  // Not one scale for all of it: a producer in the same kernel, and rows that share one.
  cases.push_back({"quantize_fused",
                   "%x: tensor<7x40xf32>, %y: tensor<40xf32>, %pos: "
                   "tensor<f32>",
                   "  %a = train.add %x, %y : tensor<7x40xf32>, tensor<40xf32> -> "
                   "tensor<7x40xf32>\n"
                   "  %q = train.quantize %a, %pos : tensor<7x40xf32>, tensor<f32> -> "
                   "tensor<7x40xf4E2M1FN>\n"
                   "  %d = train.dequantize %q, %pos : tensor<7x40xf4E2M1FN>, "
                   "tensor<f32> -> tensor<7x40xf32>\n"
                   "  %r = train.mul %d, %y : tensor<7x40xf32>, tensor<40xf32> -> "
                   "tensor<7x40xf32>\n"
                   "  %s = train.reduce_max %d over [1] : tensor<7x40xf32> -> "
                   "tensor<7xf32>",
                   "%r: tensor<7x40xf32>, %s: tensor<7xf32>", bits()});
  cases.push_back({"quantize_scalar", "%x: tensor<f32>, %pos: tensor<f32>",
                   "  %q = train.quantize %x, %pos : tensor<f32>, tensor<f32> -> "
                   "tensor<f4E2M1FN>\n"
                   "  %r = train.dequantize %q, %pos : tensor<f4E2M1FN>, tensor<f32> -> "
                   "tensor<f32>",
                   "%r: tensor<f32>", bits()});
  for (const char *from : {"f8E4M3FN", "f8E5M2", "f4E2M1FN", "f8E8M0FNU", "i8"})
    for (const char *to : {"f64", "f32", "f16", "bf16"})
      cases.push_back(
          {formatv("dequantize_{0}_{1}", from, to),
           "%edges: tensor<6400xf32>, %pos: tensor<f32>",
           formatv("  %q = train.cast %edges : tensor<6400xf32> -> {0}\n"
                   "  %r = train.dequantize %q, %pos : {0}, tensor<f32> -> {1}",
                   tensor("6400", from), tensor("6400", to)),
           "%r: " + tensor("6400", to), bits()});
}

void addBlocks(std::vector<Case> &cases) {
  struct Blocks {
    const char *shape, *scales;
  };
  for (Blocks blocks :
       {Blocks{"64", "2"}, Blocks{"4x64", "4x2"}, Blocks{"2x3x96", "2x3x3"},
        Blocks{"64x5x2", "64x5x1"}, Blocks{"32x10", "1x10"}, Blocks{"2x64x6", "2x2x6"},
        Blocks{"32x64", "2x4"}, Blocks{"3x32x32", "3x2x2"}, Blocks{"5x16", "5x1"},
        Blocks{"300x320", "300x20"}})
    for (const char *input : {"x", "special"})
      for (const char *element : {"f32", "bf16"})
        for (const char *low : kFloats)
          for (bool two : {false, true})
            for (bool random : {false, true}) {
              std::string scaleType = two ? "f8E4M3FN" : "f8E8M0FNU";
              std::string x = tensor(blocks.shape, element),
                          q = tensor(blocks.shape, low),
                          b = tensor(blocks.scales, scaleType);
              // A narrower x is widened first, and draws do not depend on the blocks.
              bool plain = std::string(input) == "x" && !random;
              bool few = std::string(blocks.shape) == "4x64" ||
                         std::string(blocks.shape) == "32x10" ||
                         std::string(blocks.shape) == "32x64";
              if ((random && (std::string(input) != "x" || !few)) ||
                  (std::string(element) != "f32" && (!plain || !few)))
                continue;
              std::string name =
                  formatv("blocks_{0}_{1}_{2}_{3}_{4}_{5}", blocks.shape, blocks.scales,
                          input, element, low, 2 * two + random);
              std::string key = "random %k : tensor<3xi64>, {samples = 1 : i64, site = 9 "
                                ": i64} ";
              std::string body =
                  std::string("  %k = train.random_key : tensor<3xi64>\n") +
                  "  %q, %b = train.quantize_blocks %" + input +
                  (two ? " scale %pos : tensor<f32>, " : " ") + (random ? key : "") +
                  ": " + x + " -> " + q + ", " + b +
                  castLine("r", "q", blocks.shape, low) +
                  castLine("s", "b", blocks.scales, scaleType);
              for (const char *wide : {"f32", "bf16"})
                body += std::string("\n  %") + wide +
                        " = train.dequantize_blocks %q, %b" +
                        (two ? " scale %pos : tensor<f32>, " : " ") + ": " + q + ", " +
                        b + " -> " + tensor(blocks.shape, wide);
              cases.push_back(
                  {name, formatv("%{0}: {1}, %pos: tensor<f32>", input, x), body,
                   formatv("%r: {0}, %s: {1}, %f32: {0}, %bf16: {2}",
                           tensor(blocks.shape, "f32"), tensor(blocks.scales, "f32"),
                           tensor(blocks.shape, "bf16")),
                   bits()});
            }
  // Blocks whose numbers lie at the ends of f32.
  for (const char *low : kFloats)
    cases.push_back({formatv("blocks_edges_{0}", low), "%edges: tensor<200x32xf32>",
                     formatv("  %q, %b = train.quantize_blocks %edges : "
                             "tensor<200x32xf32> -> {0}, tensor<200x1xf8E8M0FNU>",
                             tensor("200x32", low))
                             .str() +
                         castLine("r", "q", "200x32", low) +
                         castLine("s", "b", "200x1", "f8E8M0FNU"),
                     "%r: tensor<200x32xf32>, %s: tensor<200x1xf32>", bits()});
}

void addScales(std::vector<Case> &cases) {
  for (const char *element : {"f32", "f64", "bf16", "f16"})
    for (const char *shape : {"", "1x", "9x", "33x70x", "9000x", "0x"})
      for (const char *input : {"x", "special"})
        cases.push_back(
            {formatv("amax_{0}{1}_{2}", shape, element, input),
             formatv("%{0}: tensor<{1}{2}>, %pos: tensor<f32>", input, shape, element),
             formatv("  %q = train.amax %{0} : tensor<{1}{2}> -> tensor<f32>\n"
                     "  %r = train.amax %{0} and %pos : tensor<f32>, : tensor<{1}{2}> -> "
                     "tensor<f32>",
                     input, shape, element),
             "%q: tensor<f32>, %r: tensor<f32>", bits()});
  const std::pair<const char *, const char *> amaxes[] = {
      {"some", "3.5"},       {"zero", "0.0"},     {"inf", "0x7F800000"},
      {"nan", "0x7FC00000"}, {"tiny", "1.0e-44"}, {"huge", "3.0e38"}};
  for (int length : {1, 2, 16, 1000})
    for (auto [name, amax] : amaxes)
      for (bool zeros : {false, true}) {
        std::string type = formatv("tensor<{0}xf32>", length);
        std::string history =
            zeros ? formatv("  %h = train.constant dense<0.0> : {0}\n", type).str() : "";
        cases.push_back(
            {formatv("delayed_scale_{0}_{1}_{2}", length, name, zeros),
             zeros ? "%s: tensor<f32>" : "%h: " + type + ", %s: tensor<f32>",
             formatv("{0}  %a = train.constant dense<{1}> : tensor<f32>\n"
                     "  %n, %t = train.delayed_scale %h, %s, %a {{largest = 448.0 : f64, "
                     "margin = {2} : i64} : {3}, tensor<f32>, tensor<f32>",
                     history, amax, length == 2 ? -3 : 1, type),
             formatv("%n: {0}, %t: tensor<f32>", type), bits()});
      }
}

} // namespace

std::vector<Case> train::conformance::quantizationCases() {
  std::vector<Case> cases;
  addCasts(cases);
  addScaled(cases);
  addBlocks(cases);
  addScales(cases);
  return cases;
}

static std::vector<Case> collect(void (*add)(std::vector<Case> &)) {
  std::vector<Case> cases;
  add(cases);
  return cases;
}

TEST(Quantization, Casts) { check(collect(addCasts)); }
TEST(Quantization, ScalesOfTensors) { check(collect(addScaled)); }
TEST(Quantization, ScalesOfBlocks) { check(collect(addBlocks)); }
TEST(Quantization, ChoosesScales) { check(collect(addScales)); }
