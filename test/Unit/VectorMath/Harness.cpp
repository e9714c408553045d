// See Harness.h. From MLIR on, this is the way of the compiler's own kernels.
#include "Harness.h"

#include "Codegen/Codegen.h"
#include "Cpu/Machine.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

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

/// The kernels as `kind` for `machine`, by the way that compiled kernels take; empty and
/// an error when that fails.
static llvm::SmallVector<char, 0> writeKernels(const std::vector<Function> &functions,
                                               const std::vector<int> &widths, bool f64,
                                               llvm::TargetMachine &machine,
                                               ObjectKind kind, std::string &error) {
  llvm::SmallVector<char, 0> code;
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                      math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(UnknownLoc::get(&context));
  for (const Function &f : functions)
    for (int width : widths)
      buildKernel(*kernels, f, width, f64);
  if (failed(verify(*kernels)))
    return error = "the kernels did not verify", code;
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> module = translateKernels(*kernels, llvmContext);
  if (!module)
    return error = "no LLVM IR", code;
  llvm::raw_svector_ostream stream(code);
  if (llvm::Error wrong = writeModule(*module, machine, kind, stream))
    error = llvm::toString(std::move(wrong)), code.clear();
  return code;
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
  llvm::SmallVector<char, 0> code =
      writeKernels(functions, {1}, false, *machine, ObjectKind::Assembly, error);
  return std::string(code.data(), code.size());
}

std::unique_ptr<Compiled> Compiled::get(const std::vector<Function> &functions,
                                        const std::vector<int> &widths, bool f64,
                                        std::string &error) {
  llvm::Expected<CpuTarget> target = CpuTarget::get("native");
  if (!target)
    return error = llvm::toString(target.takeError()), nullptr;
  auto machine = createTargetMachine(*target);
  if (!machine)
    return error = llvm::toString(machine.takeError()), nullptr;
  llvm::SmallVector<char, 0> code =
      writeKernels(functions, widths, f64, **machine, ObjectKind::Object, error);
  if (code.empty())
    return nullptr;
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
