// An independent judge of memory plans: it executes a planned program on labels instead
// of numbers. Every write labels the bytes it writes; every read must find its own
// value's label there. It knows offsets and what ops promise about storage, and nothing
// about timelines or lifetimes.
#ifndef TRAIN_TEST_UNIT_TRANSFORMS_PLANSIMULATOR_H
#define TRAIN_TEST_UNIT_TRANSFORMS_PLANSIMULATOR_H

#include "train/IR/TrainDialect.h"

#include <string>
#include <vector>

namespace train::test {

class PlanSimulator {
public:
  explicit PlanSimulator(mlir::ModuleOp module);

  /// Executes one program; returns what is wrong, one line each.
  std::vector<std::string> run(ProgramOpInterface program);

private:
  using Label = unsigned;

  void visitBlock(mlir::Block &block);
  void visitOp(mlir::Operation &op);
  void visitLoop(MicrobatchOp loop);
  void read(mlir::Value value, int64_t offset, mlir::Operation *reader);
  void write(int64_t offset, int64_t bytes, Label label);
  void define(mlir::Value value, int64_t offset);
  int64_t getOffset(mlir::Value value) const;
  void complain(mlir::Operation *op, const std::string &what);

  mlir::ModuleOp module;
  int64_t threads;
  /// One label per 64 bytes of the arena; zero for bytes never written.
  std::vector<Label> arena;
  Label nextLabel = 1;
  llvm::DenseMap<mlir::Value, Label> labels;
  llvm::DenseMap<mlir::Attribute, Label> symbols;
  std::vector<std::string> wrong;
};

} // namespace train::test

#endif // TRAIN_TEST_UNIT_TRANSFORMS_PLANSIMULATOR_H
