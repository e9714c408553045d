// Judges the CPU backend by the reference interpreter. A case is a few ops on named
// inputs; many cases become programs of one module, which is compiled to one object,
// loaded into this process and run on the same inputs as the interpreter. Each object is
// made with and without fusion and run by one thread and by two: these runs must agree
// bit for bit, whatever the op.
#ifndef TRAIN_TEST_UNIT_CONFORMANCE_HARNESS_H
#define TRAIN_TEST_UNIT_CONFORMANCE_HARNESS_H

#include "train/IR/TrainDialect.h"
#include "train/Reference/Interpreter.h"
#include "train/Runtime/Abi.h"
#include "train/rt/Arena.h"
#include "train/rt/Backend.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace train::conformance {

/// How near a result has to be to the interpreter's, which computes in f64 and rounds
/// each op once.
struct Tolerance {
  enum Kind {
    Bits,  ///< equal bytes; one NaN is as good as another
    Ulp,   ///< at most `limit` units in the last place of the result's type
    Terms, ///< |error| <= limit * the same ops on the inputs' magnitudes: for sums of
           ///< products
    Row,   ///< |error| <= limit * the largest magnitude in the tensor: for ops that
           ///< normalize rows
  };
  Kind kind;
  double limit = 0;
  /// Ulp: the units are at least those of 1/16 of this input's element (0: the first),
  /// for the two derivatives with a zero of their own (docs/numerics.md); -1 elsewhere.
  int floorInput = -1;
};

inline Tolerance bits() { return {Tolerance::Bits}; }
inline Tolerance ulp(double limit, int floorInput = -1) {
  return {Tolerance::Ulp, limit, floorInput};
}
/// Sums of n products, in any order: rounding errors add up like sqrt(n) with a small
/// factor.
Tolerance terms(int64_t n);
/// Softmax, norms and their adjoints over rows of n elements: a few sums of n terms and a
/// few dozen roundings, relative to the largest element.
Tolerance row(int64_t n);

/// One program. Input names may begin with what their values should be: `pos` positive,
/// `int` small integers (sums of them are exact in any order), `special` the values where
/// functions turn (zeros, infinities, NaN, subnormals, largest), `ign` labels of which
/// some are -100, `near` in [-1, 1].
struct Case {
  std::string name;    ///< a symbol name, unique in its module
  std::string inputs;  ///< "%x: tensor<4xf32>, %y: tensor<f32>"
  std::string body;    ///< ops, one a line
  std::string outputs; ///< "%r: tensor<4xf32>"
  Tolerance tolerance;
};

/// A context with everything registered.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// A compiled module in this process, with an arena of its own.
class Loaded {
public:
  ~Loaded();
  Loaded(const Loaded &) = delete;
  /// Compiles a module at stage planned. Null after a test failure.
  /// `batched`: its programs have batches, as those of models do, so that the runtime's
  /// own check must accept them.
  static std::unique_ptr<Loaded> load(mlir::ModuleOp module, bool batched = true);

  const TrainExecutable &executable() const { return *table; }
  uint8_t *arena() const { return memory->data(); }
  const TrainProgram *findProgram(llvm::StringRef name) const;
  const TrainSymbol *findSymbol(llvm::StringRef name) const;

  /// One pass over a program with a team of `threads`. Micro-batch m gets slice m of each
  /// input, whole inputs where the program has one. Returns whether it succeeded; a
  /// failure is a test failure.
  bool run(const TrainProgram &program, llvm::ArrayRef<std::string> names,
           llvm::ArrayRef<reference::TensorRef> inputs,
           const reference::EvalContext &context, int threads);

  reference::Tensor read(const TrainTensor &tensor, mlir::Type elementType) const;
  void write(const TrainTensor &tensor, const reference::Tensor &value);

private:
  Loaded() = default;
  void *handle = nullptr;
  const TrainExecutable *table = nullptr;
  std::unique_ptr<rt::Arena> memory;
};

/// Compares two tensors; says where and by how much they differ worst. Empty where they
/// agree. `scale`: for Terms. `floor`: for a Tolerance with floorInput.
std::string compare(const reference::Tensor &actual, const reference::Tensor &expected,
                    const Tolerance &tolerance, const reference::Tensor *scale = nullptr,
                    const reference::Tensor *floor = nullptr);

/// Compiles and judges all cases.
void check(llvm::ArrayRef<Case> cases);

/// The module's text of the cases.
std::string toText(llvm::ArrayRef<Case> cases);

//===-- The cases, family by family -------------------------------------------===//

std::vector<Case> elementwiseCases();
std::vector<Case> broadcastCases();
std::vector<Case> shapeCases();
std::vector<Case> constantCases();
std::vector<Case> indexCases();
std::vector<Case> reductionCases();
std::vector<Case> normalizationCases();
std::vector<Case> poolingCases();
std::vector<Case> contractionCases();
std::vector<Case> lossCases();
std::vector<Case> randomCases();
std::vector<Case> optimizerCases();
std::vector<Case> precisionCases();
std::vector<Case> quantizationCases();
std::vector<Case> fusionCases();

} // namespace train::conformance

#endif // TRAIN_TEST_UNIT_CONFORMANCE_HARNESS_H
