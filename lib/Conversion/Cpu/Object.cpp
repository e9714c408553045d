// From a planned module to an object: commands, then the kernels they name, then the
// tables.
#include "../Codegen/Codegen.h"
#include "Machine.h"
#include "Tables.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "train/Conversion/CpuObject.h"
#include "train/IR/Programs.h"

using namespace mlir;
using namespace train;

LogicalResult train::emitCpuObject(ModuleOp module, const CpuTarget &target,
                                   const ObjectOptions &options, ObjectKind kind,
                                   llvm::raw_pwrite_stream &os) {
  if (getStage(module) != Stage::Planned)
    return module.emitError("must be at stage planned to become an object, is at stage ")
           << stringifyStage(getStage(module));
  MLIRContext *context = module.getContext();
  context->loadDialect<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                       math::MathDialect, scf::SCFDialect, vector::VectorDialect>();

  KernelTable kernels;
  TextTable texts;
  SmallVector<ProgramCommands> programs;
  for (ProgramOpInterface program : getExecutedPrograms(module)) {
    FailureOr<CommandList> commands = buildCommands(program, kernels, texts);
    if (failed(commands))
      return failure();
    programs.push_back({program, std::move(*commands)});
  }

  OwningOpRef<ModuleOp> kernelModule = ModuleOp::create(UnknownLoc::get(context));
  for (auto [i, program] : llvm::enumerate(kernels.getPrograms()))
    emitCpuKernel(*kernelModule, ("kernel." + Twine(i)).str(), program, target);
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> translated = translateKernels(*kernelModule, llvmContext);
  if (!translated)
    return failure();
  auto machine = createTargetMachine(target);
  if (!machine)
    return module.emitError("cannot generate code: ")
           << llvm::toString(machine.takeError());
  translated->setDataLayout((*machine)->createDataLayout());
  if (failed(emitTables(*translated, module, target, options, programs,
                        kernels.getPrograms().size(), texts)))
    return failure();
  if (llvm::Error error = writeModule(*translated, **machine, kind, os))
    return module.emitError("cannot write the object: ")
           << llvm::toString(std::move(error));
  return success();
}
