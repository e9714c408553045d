//===- KeptRemarks.cpp - what a residency plan leaves as it is ----------------===//
//
// Reads problem and solution; decides nothing.
//
//===----------------------------------------------------------------------===//
#include "KeptRemarks.h"
#include "mlir/IR/Remarks.h"
#include "train/Planning/RecomputationFinder.h"

using namespace mlir;
using namespace train;

bool train::areRemarksOn(Operation *op) { return op->getContext()->getRemarkEngine(); }

void train::remarkKept(const StepProblem &problem,
                       const planning::ResidencySolution &solution) {
  const planning::ResidencyProblem &plain = problem.getProblem();
  // Without a backward pass nothing is kept for it.
  if (plain.forward == 0 || !areRemarksOn(problem.getBlock().getParentOp()))
    return;
  std::vector<unsigned> writes(plain.tensors.size(), 0);
  for (unsigned node : solution.sequence)
    for (unsigned tensor : plain.nodes[node].writes)
      ++writes[tensor];
  planning::RecomputationFinder finder(plain);
  auto options = remark::RemarkOpts::name("Kept").category("train-plan-residency");
  for (unsigned node : ArrayRef(plain.order).take_front(plain.forward))
    for (unsigned tensor : plain.nodes[node].writes) {
      std::optional<unsigned> read = finder.findRead(tensor, plain.forward);
      if (!read || writes[tensor] > 1)
        continue;
      Location loc = problem.getOps()[problem.getExecution(node).getOp()]->getLoc();
      const planning::ResidencyTensor &kept = plain.tensors[tensor];
      std::optional<std::vector<unsigned>> again = finder.find(tensor, *read);
      if (!again) {
        remark::missed(loc, options)
            << remark::add("{0} is kept: what would have it again is gone by then",
                           kept.id)
            << remark::metric("bytes", kept.bytes);
        continue;
      }
      double cost = 0;
      for (unsigned repeated : *again)
        cost += plain.nodes[repeated].cost;
      remark::missed(loc, options)
          << remark::add("{0} is kept: executions that would have it again: {1}", kept.id,
                         again->size())
          << remark::metric("bytes", kept.bytes)
          << remark::metric("microseconds", cost * 1e6);
    }
}
