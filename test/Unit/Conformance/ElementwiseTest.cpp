// Elementwise ops: within 4 ULP of the interpreter, exact where one rounding is all there
// is; at lengths around the vector width, at special values, and under broadcasting in
// each direction.
#include "Harness.h"

#include "llvm/Support/FormatVariadic.h"

using namespace train::conformance;
using llvm::formatv;

namespace {
struct Function {
  const char *text;  ///< the op before its operand
  const char *input; ///< the prefix of its input's name
  double limit;      ///< ULP in f32; 0: exact
  bool special;      ///< whether it is also judged at special values
};
} // namespace

// sin and cos lose their meaning beyond 2^48, which the largest number is.
static const Function kUnary[] = {
    {"neg", "x", 0, true},       {"abs", "x", 0, true},     {"relu", "x", 0, true},
    {"sqrt", "pos", 0, true},    {"rsqrt", "pos", 4, true}, {"exp", "x", 4, true},
    {"log", "pos", 4, true},     {"tanh", "x", 4, true},    {"sigmoid", "x", 4, true},
    {"erf", "x", 4, true},       {"silu", "x", 4, true},    {"gelu erf", "x", 4, true},
    {"gelu tanh", "x", 4, true}, {"sin", "x", 4, false},    {"cos", "x", 4, false},
};

static Tolerance exactOr(double limit) { return limit == 0 ? bits() : ulp(limit); }

static std::string symbol(std::string text) {
  for (char &c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return text;
}

static Case unaryCase(const Function &f, const std::string &input,
                      const std::string &type, Tolerance tolerance,
                      const std::string &tag) {
  return {symbol(formatv("{0}_{1}_{2}", f.text, tag, type).str()),
          formatv("%{0}: {1}", input, type).str(),
          formatv("  %r = train.{0} %{1} : {2}", f.text, input, type).str(),
          formatv("%r: {0}", type).str(), tolerance};
}

static std::string vectorType(int64_t size, const char *element) {
  return formatv("tensor<{0}x{1}>", size, element).str();
}

std::vector<Case> train::conformance::elementwiseCases() {
  std::vector<Case> cases;
  for (const Function &f : kUnary) {
    for (int64_t size : {1, 7, 8, 9, 31, 32, 33, 1000})
      cases.push_back(
          unaryCase(f, f.input, vectorType(size, "f32"), exactOr(f.limit), "n"));
    // Long enough to be shared by two threads, at an odd place.
    if (f.special)
      cases.push_back(
          unaryCase(f, f.input, vectorType(10007, "f32"), exactOr(f.limit), "n"));
    cases.push_back(unaryCase(f, f.input, "tensor<f32>", exactOr(f.limit), "n"));
    cases.push_back(unaryCase(f, f.input, "tensor<3x1x5xf32>", exactOr(f.limit), "n"));
    cases.push_back(unaryCase(f, f.input, "tensor<0x4xf32>", exactOr(f.limit), "n"));
    if (f.special)
      cases.push_back(
          unaryCase(f, "special", vectorType(67, "f32"), exactOr(f.limit), "s"));
    // f64: 1e-13 relative is 450 ULP (docs/numerics.md). Low precision: f32's error may
    // tip one rounding.
    cases.push_back(
        unaryCase(f, f.input, vectorType(37, "f64"), exactOr(f.limit ? 450 : 0), "n"));
    for (const char *element : {"f16", "bf16"})
      cases.push_back(
          unaryCase(f, f.input, vectorType(45, element), exactOr(f.limit ? 1 : 0), "n"));
  }
  for (const char *kind : {"silu_backward", "gelu_backward erf", "gelu_backward tanh"})
    for (const char *type : {"tensor<1xf32>", "tensor<33xf32>", "tensor<3x100xf32>",
                             "tensor<9xbf16>", "tensor<19xf64>"})
      cases.push_back({symbol(std::string(kind) + type),
                       formatv("%dy: {0}, %x: {0}", type).str(),
                       formatv("  %r = train.{0} %dy, %x : {1}", kind, type).str(),
                       formatv("%r: {0}", type).str(),
                       ulp(std::string(type).find("f64") != std::string::npos ? 450 : 4,
                           /*floorInput=*/0)});

  auto binary = [&](const char *op, const char *lhs, const char *rhs,
                    const std::string &type, Tolerance tolerance) {
    cases.push_back(
        {symbol(formatv("{0}_{1}_{2}", op, lhs, type).str()),
         formatv("%{0}: {2}, %{1}: {2}", lhs, rhs, type).str(),
         formatv("  %r = train.{0} %{1}, %{2} : {3}, {3} -> {3}", op, lhs, rhs, type)
             .str(),
         formatv("%r: {0}", type).str(), tolerance});
  };
  for (const char *op : {"add", "sub", "mul", "div", "min", "max"}) {
    for (int64_t size : {1, 7, 9, 33, 1000})
      binary(op, "x", "y", vectorType(size, "f32"), bits());
    binary(op, "special", "special2", vectorType(217, "f32"), bits());
    binary(op, "x", "y", "tensor<f32>", bits());
    binary(op, "x", "y", "tensor<5x0xf32>", bits());
    for (const char *element : {"f64", "f16", "bf16"})
      binary(op, "x", "y", vectorType(43, element), bits());
    for (const char *element : {"i32", "i64"})
      for (int64_t size : {1, 11, 40})
        binary(op, "signed", "pos", vectorType(size, element), bits());
  }
  for (int64_t size : {1, 9, 33})
    binary("pow", "pos", "y", vectorType(size, "f32"), ulp(4));
  binary("pow", "special", "special2", vectorType(217, "f32"), ulp(4));
  binary("pow", "pos", "y", vectorType(21, "f64"), ulp(1400));

  for (const char *predicate : {"eq", "ne", "lt", "le", "gt", "ge"})
    for (const char *element : {"f32", "f64", "bf16", "i32", "i64"}) {
      bool isFloat = element[0] != 'i';
      std::string type = vectorType(37, element);
      cases.push_back(
          {formatv("compare_{0}_{1}", predicate, element).str(),
           formatv("%{0}: {2}, %{1}: {2}", isFloat ? "intx" : "x", isFloat ? "inty" : "y",
                   type)
               .str(),
           formatv("  %r = train.compare {0} %{1}, %{2} : {3}, {3} -> tensor<37xi1>",
                   predicate, isFloat ? "intx" : "x", isFloat ? "inty" : "y", type)
               .str(),
           "%r: tensor<37xi1>", bits()});
    }
  cases.push_back({"compare_special",
                   "%special: tensor<217xf32>, %special2: tensor<217xf32>",
                   "  %r = train.compare ne %special, %special2 : tensor<217xf32>, "
                   "tensor<217xf32> -> tensor<217xi1>\n"
                   "  %s = train.compare ge %special, %special2 : tensor<217xf32>, "
                   "tensor<217xf32> -> tensor<217xi1>",
                   "%r: tensor<217xi1>, %s: tensor<217xi1>", bits()});
  for (const char *element : {"f32", "f64", "f16", "bf16", "i32", "i64"}) {
    std::string type = vectorType(41, element);
    cases.push_back(
        {formatv("select_{0}", element).str(),
         formatv("%c: tensor<41xi1>, %x: {0}, %y: {0}", type).str(),
         formatv("  %r = train.select %c, %x, %y : tensor<41xi1>, {0}, {0} -> {0}", type)
             .str(),
         formatv("%r: {0}", type).str(), bits()});
  }
  for (const char *element : {"f32", "f64", "f16", "bf16"}) {
    std::string type = vectorType(67, element);
    cases.push_back(
        {formatv("clamp_{0}", element).str(), formatv("%special: {0}", type).str(),
         formatv(
             "  %r = train.clamp %special {{low = -0.75 : f64, high = 1.5 : f64} : {0}",
             type)
             .str(),
         formatv("%r: {0}", type).str(), bits()});
  }
  return cases;
}

// Pairs of shapes that stretch against each other: scalars, rows, columns, middles, both
// at once.
std::vector<Case> train::conformance::broadcastCases() {
  const char *shapes[][3] = {
      {"4x33x", "33x", "4x33x"},
      {"33x", "4x33x", "4x33x"},
      {"4x33x", "4x1x", "4x33x"},
      {"4x1x", "1x33x", "4x33x"},
      {"4x9x", "", "4x9x"},
      {"", "4x9x", "4x9x"},
      {"2x3x8x", "3x1x", "2x3x8x"},
      {"2x1x8x", "1x3x1x", "2x3x8x"},
      {"2x3x4x5x", "3x1x5x", "2x3x4x5x"},
      {"2x1x4x1x", "1x3x1x5x", "2x3x4x5x"},
      {"1x", "7x", "7x"},
      {"7x1x", "7x1x", "7x1x"},
      {"1x1x", "3x", "1x3x"},
      {"5x1x", "1x", "5x1x"},
      {"3x1x1x", "1x1x1000x", "3x1x1000x"},
      {"2x1x", "0x", "2x0x"},
      {"70x1x", "99x", "70x99x"},
      {"9x1x31x", "17x1x", "9x17x31x"},
      {"8x8x", "8x", "8x8x"},
      {"2x3x1x1x2x", "1x3x2x1x1x", "2x3x2x1x2x"},
  };
  std::vector<Case> cases;
  for (auto &[lhs, rhs, result] : shapes) {
    for (const char *element : {"f32", "i64"})
      cases.push_back(
          {symbol(formatv("sub_{0}_{1}_{2}", lhs, rhs, element).str()),
           formatv("%x: tensor<{0}{2}>, %y: tensor<{1}{2}>", lhs, rhs, element).str(),
           formatv("  %r = train.sub %x, %y : tensor<{0}{3}>, tensor<{1}{3}> -> "
                   "tensor<{2}{3}>",
                   lhs, rhs, result, element)
               .str(),
           formatv("%r: tensor<{0}{1}>", result, element).str(), bits()});
    cases.push_back({symbol(formatv("select_{0}_{1}", lhs, rhs).str()),
                     formatv("%c: tensor<{0}i1>, %x: tensor<{1}f32>, %y: tensor<{2}f32>",
                             lhs, rhs, result)
                         .str(),
                     formatv("  %r = train.select %c, %x, %y : tensor<{0}i1>, "
                             "tensor<{1}f32>, tensor<{2}f32> -> tensor<{2}f32>",
                             lhs, rhs, result)
                         .str(),
                     formatv("%r: tensor<{0}f32>", result).str(), bits()});
  }
  return cases;
}

TEST(Elementwise, AgreesWithTheInterpreter) { check(elementwiseCases()); }
TEST(Elementwise, Broadcasts) { check(broadcastCases()); }
