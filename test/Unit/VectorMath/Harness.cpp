// See Harness.h. The pass list is that of CPU row kernels, minus what only memrefs need.
#include "Harness.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <cstdlib>

using namespace mlir;

namespace train::vmath::test {

struct Compiled::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};
Compiled::Compiled() : state(std::make_unique<State>()) {}
Compiled::~Compiled() = default;

static std::string symbol(const std::string &name, int width) {
  return name + "_" + std::to_string(width);
}

/// void name_width(ptr out, ptr x, ptr y, i64 n): a loop of unaligned loads and stores.
static void buildKernel(ModuleOp module, const Function &f, int width, bool f64) {
  Builder b(module.getLoc(), module.getContext());
  b.setInsertionPointToEnd(module.getBody());
  Type element = f64 ? Type(b.getF64Type()) : Type(b.getF32Type());
  Type type = width == 1 ? element : VectorType::get({width}, element);
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto func = func::FuncOp::create(
      b, symbol(f.name, width),
      b.getFunctionType({pointer, pointer, pointer, b.getI64Type()}, {}));
  Block *body = func.addEntryBlock();
  b.setInsertionPointToStart(body);
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value step = arith::ConstantOp::create(b, b.getI64IntegerAttr(width));
  auto loop = scf::ForOp::create(b, zero, body->getArgument(3), step);
  b.setInsertionPointToStart(loop.getBody());
  auto at = [&](unsigned argument) -> Value {
    return LLVM::GEPOp::create(b, pointer, element, body->getArgument(argument),
                               ArrayRef<LLVM::GEPArg>{loop.getInductionVar()});
  };
  unsigned alignment = f64 ? 8 : 4;
  Value x = LLVM::LoadOp::create(b, type, at(1), alignment);
  Value y = LLVM::LoadOp::create(b, type, at(2), alignment);
  LLVM::StoreOp::create(b, f.emit(b, x, y), at(0), alignment);
  b.setInsertionPointToEnd(body);
  func::ReturnOp::create(b);
}

static LogicalResult lower(ModuleOp module) {
  PassManager pm(module.getContext());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  return pm.run(module);
}

static std::unique_ptr<llvm::TargetMachine> hostMachine() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return nullptr;
  std::string features = "-prefer-256-bit";
  for (auto &feature : llvm::sys::getHostCPUFeatures())
    features += (feature.second ? ",+" : ",-") + feature.first().str();
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, llvm::sys::getHostCPUName(), features, {}, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  // Scalar kernels are to stay scalar, and vectors as wide as they were asked for.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

/// The kernels as optimized LLVM IR for `machine`; null and an error when that fails.
static std::unique_ptr<llvm::Module> buildModule(llvm::LLVMContext &llvmContext,
                                                 const std::vector<Function> &functions,
                                                 const std::vector<int> &widths, bool f64,
                                                 llvm::TargetMachine *machine,
                                                 std::string &error) {
  if (!machine)
    return error = "no code generator for this machine", nullptr;
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                      math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  for (const Function &f : functions)
    for (int width : widths)
      buildKernel(*module, f, width, f64);
  if (failed(verify(*module)) || failed(lower(*module)))
    return error = "the kernels did not verify or lower", nullptr;
  auto result = translateModuleToLLVMIR(*module, llvmContext);
  if (!result)
    return error = "no LLVM IR", nullptr;
  result->setDataLayout(machine->createDataLayout());
  result->setTargetTriple(machine->getTargetTriple());
  optimize(*result, *machine);
  return result;
}

std::string compileToPtx(const std::vector<Function> &functions, std::string &error) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return "";
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, "sm_80", "+ptx80", {}, std::nullopt));
  llvm::LLVMContext context;
  auto module = buildModule(context, functions, {1}, false, machine.get(), error);
  if (!module)
    return "";
  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return error = "no PTX emission", "";
  passes.run(*module);
  return std::string(code.data(), code.size());
}

std::unique_ptr<Compiled> Compiled::get(const std::vector<Function> &functions,
                                        const std::vector<int> &widths, bool f64,
                                        std::string &error) {
  llvm::LLVMContext context;
  auto machine = hostMachine();
  auto module = buildModule(context, functions, widths, f64, machine.get(), error);
  if (!module)
    return nullptr;

  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return error = "no object file emission", nullptr;
  passes.run(*module);
  // For reading the instructions with a disassembler.
  if (const char *path = std::getenv("TRAIN_VMATH_OBJECT")) {
    std::error_code status;
    llvm::raw_fd_ostream(path + std::string(f64 ? ".f64.o" : ".f32.o"), status)
        << llvm::StringRef(code.data(), code.size());
  }
  auto buffer = std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(code), "vmath.o", /*RequiresNullTerminator=*/false);

  std::unique_ptr<Compiled> result(new Compiled);
  auto object = llvm::object::ObjectFile::createObjectFile(buffer->getMemBufferRef());
  if (!object)
    return error = llvm::toString(object.takeError()), nullptr;
  for (const llvm::object::SymbolRef &s : (*object)->symbols()) {
    auto flags = s.getFlags();
    auto name = s.getName();
    if (flags && name && !name->empty() &&
        (*flags & llvm::object::SymbolRef::SF_Undefined))
      result->undefined.push_back(name->str());
  }
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return error = llvm::toString(jit.takeError()), nullptr;
  if (auto failure = (*jit)->addObjectFile(std::move(buffer)))
    return error = llvm::toString(std::move(failure)), nullptr;
  result->state->jit = std::move(*jit);
  return result;
}

Compiled::Kernel Compiled::lookup(const std::string &name, int width) const {
  auto address = state->jit->lookup(symbol(name, width));
  if (!address) {
    llvm::errs() << llvm::toString(address.takeError()) << "\n";
    std::abort();
  }
  return address->toPtr<Kernel>();
}

} // namespace train::vmath::test
