// Runs the elementary functions as a compiled program would: builds one loop per
// function and vector width, lowers it, compiles it for this CPU and calls it.
#ifndef TRAIN_TEST_UNIT_VECTORMATH_HARNESS_H
#define TRAIN_TEST_UNIT_VECTORMATH_HARNESS_H

#include "train/Conversion/VectorMath.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace train::vmath::test {

/// Emits the function under test; `y` is the second operand, or a copy of x's type to
/// ignore.
using Emit = std::function<mlir::Value(Builder &, mlir::Value x, mlir::Value y)>;

struct Function {
  std::string name;
  Emit emit;
};

/// The PTX of the scalar f32 kernels, or an empty string and an error.
std::string compileToPtx(const std::vector<Function> &functions, std::string &error);

class Compiled {
public:
  /// Compiles each function for each width (1 is a scalar), in f32 or f64.
  static std::unique_ptr<Compiled> get(const std::vector<Function> &functions,
                                       const std::vector<int> &widths, bool f64,
                                       std::string &error);
  ~Compiled();

  using Kernel = void (*)(void *out, const void *x, const void *y, int64_t n);
  Kernel lookup(const std::string &name, int width) const;
  /// out[i] = f(x[i], y[i]); n must be a multiple of the width.
  template <typename T>
  void run(const std::string &name, int width, T *out, const T *x, const T *y,
           int64_t n) const {
    lookup(name, width)(out, x, y, n);
  }
  /// Symbols that the object code expects from elsewhere.
  const std::vector<std::string> &undefinedSymbols() const { return undefined; }

private:
  Compiled();

  struct State;
  std::unique_ptr<State> state;
  std::vector<std::string> undefined;
};

} // namespace train::vmath::test

#endif // TRAIN_TEST_UNIT_VECTORMATH_HARNESS_H
