// A program on the installed libraries: reads a graph, runs the whole pipeline, and
// prints its parameters and the size of its arena.
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "train/Driver/Registration.h"
#include "train/IR/TrainDialect.h"
#include "train/Pipelines/Pipelines.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  int64_t parameters = 0;
  for (auto param : module->getOps<train::ParamOp>())
    parameters += mlir::cast<mlir::ShapedType>(param.getType()).getNumElements();
  mlir::PassManager pm(&context);
  train::buildTrainPipeline(pm, train::TrainOptions());
  if (mlir::failed(pm.run(*module)))
    return 1;
  auto arena = (*module)->getAttrOfType<mlir::IntegerAttr>("train.arena_bytes");
  if (!arena)
    return 1;
  llvm::outs() << "parameters " << parameters << ", arena " << arena.getInt()
               << " bytes\n";
}
