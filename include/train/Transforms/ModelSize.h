//===- ModelSize.h - the same model, longer or deeper ------------------------===//
//
// What a planner tries out to say how much more would fit: a graph of another sequence
// length, or with more layers of a kind. For planning alone: nobody trains the result.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_MODELSIZE_H
#define TRAIN_TRANSFORMS_MODELSIZE_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The tokens of one sample: the second dimension of the first input, with its batch
/// first, that holds integers in two dimensions, else of the first one with three
/// dimensions; nothing where there is none, or where the batch has the same size, so that
/// shapes do not tell the two apart.
std::optional<int64_t> getSequenceLength(GraphOp graph);

/// Gives those inputs `length` tokens and infers all types anew. A size written in an
/// attribute follows if it follows its operand, or if nothing but its value (the length)
/// says what it is, as in a slice of a table of positions. Fails with a diagnostic at the
/// op that can't follow, and leaves the types as they are by then. Verify what comes out:
/// where a size only happened to equal the length, it no longer fits.
llvm::LogicalResult setSequenceLength(GraphOp graph, int64_t length);

/// The longest run of `train.layer` scopes of one graph that are alike (the same ops,
/// attributes and types, apart from which parameters and states they name), each reading
/// the result of the one before. Empty where no layer hands on a value of the type that
/// it took.
llvm::SmallVector<LayerOp> findEqualLayers(GraphOp graph);

/// Puts `count` copies of the last of `layers`, a run that findEqualLayers has found,
/// behind it. Parameters and states that no other op of the module names are copied, all
/// others are shared.
void addLayers(llvm::ArrayRef<LayerOp> layers, int64_t count);

} // namespace train

#endif // TRAIN_TRANSFORMS_MODELSIZE_H
