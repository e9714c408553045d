// Executes one program of a module, op by op, on one rank. There is no recursion: an
// explicit stack of frames says what comes next, so that a scheduler can hold many ranks
// and advance each by single ops.
#ifndef TRAIN_REFERENCE_INTERPRETER_H
#define TRAIN_REFERENCE_INTERPRETER_H

#include "train/Interfaces/Interfaces.h"
#include "train/Reference/EvalContext.h"
#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace train::reference {

/// Computes the results of one op with ReferenceOpInterface: allocates them, evaluates in
/// f64 and, in native mode, rounds each once. Fails with a diagnostic at the op if it has
/// no meaning here or if a result would have more than 2^31 elements.
mlir::LogicalResult evaluateOp(mlir::Operation *op,
                               llvm::ArrayRef<const Tensor *> operands,
                               llvm::SmallVectorImpl<Tensor> &results,
                               EvalContext &context);

/// One rank in one program. Reads see the symbols as they were before the program; writes
/// reach `context.symbols` when it returns, all at once, and not at all if it fails.
class Interpreter {
public:
  explicit Interpreter(EvalContext &context) : context(context) {}

  /// Shown each op that computes, with its results as the mode rounds them.
  using Watch = std::function<void(mlir::Operation *, llvm::ArrayRef<Tensor>)>;
  void setWatch(Watch shown) { watch = std::move(shown); }

  /// Binds the inputs, one tensor per block argument with its type, and stands before the
  /// first op.
  mlir::LogicalResult start(ProgramOpInterface program, llvm::ArrayRef<TensorRef> inputs);
  /// Executes the op that next() names. Must not be called when done().
  mlir::LogicalResult step();
  bool done() const { return frames.empty(); }
  /// The op that step() will execute.
  mlir::Operation *next() const { return &*frames.back().next; }
  /// start, then step until done.
  mlir::LogicalResult run(ProgramOpInterface program, llvm::ArrayRef<TensorRef> inputs);

  /// The values that the program returned, in the order of its outputs. Valid once done.
  llvm::ArrayRef<TensorRef> getOutputs() const { return outputs; }
  /// The symbols that the program wrote. Valid once done.
  const std::map<std::string, TensorRef, std::less<>> &getWrites() const {
    return writes;
  }

private:
  /// One region being executed: that of the program, or of a structural op.
  struct Frame {
    mlir::Operation *owner;
    mlir::Block::iterator next;
    int64_t iteration = 0;
  };

  void enter(mlir::Operation *owner);
  mlir::LogicalResult enterMicrobatch(mlir::Operation *op);
  void bindIteration(mlir::Operation *microbatch, int64_t iteration,
                     llvm::ArrayRef<TensorRef> carried);
  mlir::LogicalResult leave(mlir::Operation *terminator);
  void bind(mlir::ValueRange values, llvm::ArrayRef<TensorRef> tensors);
  llvm::SmallVector<TensorRef> lookup(mlir::ValueRange values) const;
  /// Drops the values that no later op of the block reads.
  void release(mlir::Operation *op);
  void planReleases(mlir::Block &block);

  EvalContext &context;
  Watch watch;
  ProgramOpInterface program;
  llvm::SmallVector<Frame> frames;
  llvm::DenseMap<mlir::Value, TensorRef> values;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value, 2>> releases;
  llvm::DenseMap<mlir::Block *, bool> planned;
  std::map<std::string, TensorRef, std::less<>> writes;
  llvm::SmallVector<TensorRef> outputs;
};

/// Fails at the program when the interpreter cannot hold one of its inputs.
mlir::LogicalResult checkInputTypes(ProgramOpInterface program);

/// The number of samples in one micro-batch of the program: the size of its inputs' batch
/// dimension, 1 without one. Where a micro-batch loop slices the inputs, the batch
/// dimension is counted after the slicing.
int64_t samplesPerMicroBatch(ProgramOpInterface program);

} // namespace train::reference

#endif // TRAIN_REFERENCE_INTERPRETER_H
