// A planned module's kernels as PTX: the distinct ones, named after the ops that they
// compute.
#include "../Codegen/ArenaOffset.h"
#include "../Codegen/Codegen.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Conversion/GpuKernels.h"
#include "train/Conversion/RowEmission.h"
#include "train/IR/Programs.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace train;

//===-- The target ------------------------------------------------------------===//

static const llvm::Triple &getGpuTriple() {
  static const llvm::Triple triple("nvptx64-nvidia-cuda");
  return triple;
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createGpuMachine(const GpuTarget &target) {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialized;
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(getGpuTriple(), error);
  if (!backend)
    return llvm::createStringError(error);
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      getGpuTriple(), target.name, target.features, llvm::TargetOptions(), std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

llvm::Expected<GpuTarget> GpuTarget::get(StringRef name) {
  StringRef digits = name;
  unsigned number = 0;
  if (!digits.consume_front("sm_") || digits.consumeInteger(10, number) ||
      !(digits.empty() || digits == "a" || digits == "f"))
    return llvm::createStringError("unknown GPU architecture '" + name.str() +
                                   "', expected one such as sm_90");
  if (number < 80)
    return llvm::createStringError(
        "GPU architecture '" + name.str() +
        "' is older than sm_80, the least that kernels are generated for");
  // The oldest PTX that knows the architecture serves the most drivers.
  GpuTarget target{name.str(), number < 100    ? "+ptx80"
                               : number == 110 ? "+ptx90"
                                               : "+ptx88"};
  auto machine = createGpuMachine({"sm_80", "+ptx80"});
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      (*machine)->getTarget().createMCSubtargetInfo(getGpuTriple(), "", ""));
  if (!known->isCPUStringValid(name))
    return llvm::createStringError("unknown GPU architecture '" + name.str() + "'");
  return target;
}

//===-- Kernels ---------------------------------------------------------------===//

namespace {

/// Distinct kernels in the order of their first use.
class PtxKernels {
public:
  explicit PtxKernels(ModuleOp target) : module(target), shapes(text) {}

  LogicalResult add(Operation *op) {
    FailureOr<rows::Sequence> sequence = rows::buildRowPrograms(op);
    if (failed(sequence))
      return failure();
    for (const rows::Program &program : sequence->programs) {
      for (const rows::Buffer &buffer : program.buffers)
        if (rows::isPacked(buffer.element))
          return op->emitOpError("has element type ")
                 << buffer.element << ", for which no GPU kernel is generated";
      std::optional<bool> aligned = isAligned(op, program);
      if (!aligned)
        return op->emitOpError("has an operand or result without a place in the arena");
      GpuShape shape = GpuShape::get(program);
      // Alignment that changes no access makes no other kernel.
      if (!known.insert(program.key + (shape.width > 1 && *aligned ? "@" : "")).second)
        continue;
      std::string name = "k" + std::to_string(known.size() - 1) + "_" + describe(op);
      emitGpuKernel(module, name, program, *aligned);
      shapes << "// kernel " << name << ": domain ";
      llvm::interleave(program.domain, shapes, "x");
      shapes << (program.flat       ? " flat"
                 : program.partials ? " sums"
                                    : " rows")
             << ", blocks " << shape.blocks << ", threads " << shape.threads << ", width "
             << shape.width << "\n";
    }
    return success();
  }

  StringRef getShapes() const { return text; }

private:
  // Whether all buffers that the columns walk allow wide accesses, where the plan has put
  // them.
  static std::optional<bool> isAligned(Operation *op, const rows::Program &program) {
    bool aligned = true;
    auto workspace = op->getAttrOfType<IntegerAttr>(kWorkspaceAttr);
    for (const rows::Buffer &buffer : program.buffers) {
      int64_t place = buffer.value ? getArenaOffset(buffer.value)
                      : workspace  ? workspace.getInt()
                                   : -1;
      if (place < 0)
        return std::nullopt;
      place += buffer.value ? buffer.start * getElementBytes(buffer.element)
                            : buffer.temporary;
      if (buffer.strides.back() && place % getGpuAlignment(buffer))
        aligned = false;
    }
    return aligned;
  }

  // The op's name, or those of a fusion's ops, as an identifier of reasonable length.
  static std::string describe(Operation *op) {
    auto fusion = dyn_cast<FusionOp>(op);
    if (!fusion)
      return op->getName().stripDialect().str();
    std::string name;
    for (Operation &inner : fusion.getBody().front().without_terminator())
      if (!inner.hasTrait<OpTrait::ConstantLike>())
        name += (name.empty() ? "" : "_") + inner.getName().stripDialect().str();
    if (name.size() > 60)
      name.resize(60);
    return name;
  }

  ModuleOp module;
  llvm::StringSet<llvm::MallocAllocator> known;
  std::string text;
  llvm::raw_string_ostream shapes;
};

} // namespace

LogicalResult train::emitPtx(ModuleOp module, const GpuTarget &target,
                             llvm::raw_pwrite_stream &os) {
  if (getStage(module) != Stage::Planned)
    return module.emitError("must be at stage planned to become PTX, is at stage ")
           << stringifyStage(getStage(module));
  MLIRContext *context = module.getContext();
  context->loadDialect<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                       NVVM::NVVMDialect, scf::SCFDialect>();
  registerNVVMDialectTranslation(*context);

  OwningOpRef<ModuleOp> kernelModule = ModuleOp::create(UnknownLoc::get(context));
  PtxKernels kernels(*kernelModule);
  for (ProgramOpInterface program : getExecutedPrograms(module)) {
    WalkResult walked = program->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isa<FusionOp, RowProgramOpInterface>(op) || isa<LibraryOpInterface>(op))
        return WalkResult::advance();
      // The ops inside a fusion are part of its kernel.
      return failed(kernels.add(op)) ? WalkResult::interrupt() : WalkResult::skip();
    });
    if (walked.wasInterrupted())
      return failure();
  }

  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> translated = translateKernels(*kernelModule, llvmContext);
  if (!translated)
    return failure();
  auto machine = createGpuMachine(target);
  if (!machine)
    return module.emitError("cannot generate PTX: ")
           << llvm::toString(machine.takeError());
  os << kernels.getShapes();
  if (llvm::Error error = writeModule(*translated, **machine, ObjectKind::Assembly, os))
    return module.emitError("cannot write PTX: ") << llvm::toString(std::move(error));
  return success();
}
