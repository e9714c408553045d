// The pass that train-reduce adds to those of MLIR's reducer.
#ifndef TRAIN_TOOLS_TRAIN_REDUCE_GREEDYREDUCTION_H
#define TRAIN_TOOLS_TRAIN_REDUCE_GREEDYREDUCTION_H

namespace train {

/// Registers `greedy-reduction`: makes a module smaller, one op at a time, as long as it
/// stays valid and a script still finds it interesting. MLIR's own `reduction-tree`
/// erases ops that others use, which leaves operands without values; on modules as dense
/// in uses as ours that is all it finds, or it crashes.
void registerGreedyReduction();

} // namespace train

#endif // TRAIN_TOOLS_TRAIN_REDUCE_GREEDYREDUCTION_H
