// See Emulator.h. A shuffle is a meeting of the whole warp: our kernels shuffle only
// where all threads pass.
#include "Emulator.h"
#include "Codegen/Codegen.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "train/Runtime/Abi.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/TargetSelect.h"

#include <cstring>
#include <ucontext.h>

using namespace train::gpurows;

namespace {

constexpr size_t kStackBytes = 256 << 10;
constexpr int kWarp = 32;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  int meetings = 0;
  int meeting = 0; ///< where it waits: 0 finished, 1 barrier, 2 + distance a shuffle
};

/// The block that runs now.
struct Block {
  std::vector<Fiber> fibers;
  ucontext_t scheduler;
  /// Two boxes per thread, taken in turns: the next meeting's values never overwrite
  /// unread ones.
  std::vector<uint32_t> mailbox[2];
  void (*kernel)(const uint64_t *) = nullptr;
  const uint64_t *arguments = nullptr;
  int current = 0;
  int32_t index = 0, count = 0;

  Fiber &fiber() { return fibers[current]; }
  void meet(int meeting) {
    Fiber &self = fiber();
    self.meeting = meeting;
    ++self.meetings;
    swapcontext(&self.context, &scheduler);
  }
};
Block *running;

int32_t getThread() { return running->current; }
int32_t getBlock() { return running->index; }
int32_t getBlockCount() { return running->count; }
void waitAtBarrier(int32_t) { running->meet(1); }

uint32_t exchangeWord(int32_t, uint32_t value, int32_t distance, int32_t) {
  int box = running->fiber().meetings & 1, self = running->current;
  running->mailbox[box][self] = value;
  running->meet(2 + distance);
  return running->mailbox[box][self ^ distance];
}
float exchangeFloat(int32_t mask, float value, int32_t distance, int32_t clamp) {
  uint32_t word;
  std::memcpy(&word, &value, 4);
  word = exchangeWord(mask, word, distance, clamp);
  std::memcpy(&value, &word, 4);
  return value;
}

void runFiber() {
  running->kernel(running->arguments);
  running->fiber().meeting = 0;
}

// Runs the threads of a warp from shuffle to shuffle until they wait at a barrier or end.
std::string runWarp(Block &block, int warp, bool descending) {
  int first = warp * kWarp;
  do {
    for (int i = 0; i < kWarp; ++i) {
      block.current = first + (descending ? kWarp - 1 - i : i);
      swapcontext(&block.scheduler, &block.fiber().context);
    }
    for (int i = 1; i < kWarp; ++i)
      if (block.fibers[first + i].meeting != block.fibers[first].meeting)
        return "the threads of a warp part ways";
  } while (block.fibers[first].meeting > 1);
  return "";
}

struct Replacement {
  const char *intrinsic;
  const char *symbol;
  void *function;
};
const Replacement kReplacements[] = {
    {"llvm.nvvm.read.ptx.sreg.tid.x", "emulated_thread",
     reinterpret_cast<void *>(getThread)},
    {"llvm.nvvm.read.ptx.sreg.ctaid.x", "emulated_block",
     reinterpret_cast<void *>(getBlock)},
    {"llvm.nvvm.read.ptx.sreg.nctaid.x", "emulated_blocks",
     reinterpret_cast<void *>(getBlockCount)},
    {"llvm.nvvm.barrier.cta.sync.aligned.all", "emulated_barrier",
     reinterpret_cast<void *>(waitAtBarrier)},
    {"llvm.nvvm.shfl.sync.bfly.i32", "emulated_shuffle",
     reinterpret_cast<void *>(exchangeWord)},
    {"llvm.nvvm.shfl.sync.bfly.f32", "emulated_shuffle_float",
     reinterpret_cast<void *>(exchangeFloat)},
};

// The kernel as a host function, and one that takes its arguments from an array.
void wrapKernel(llvm::Function &kernel) {
  kernel.setCallingConv(llvm::CallingConv::C);
  llvm::LLVMContext &context = kernel.getContext();
  llvm::IRBuilder<> b(context);
  auto *wrapper = llvm::Function::Create(
      llvm::FunctionType::get(b.getVoidTy(), {b.getPtrTy()}, false),
      llvm::Function::ExternalLinkage, kernel.getName() + "_launch", kernel.getParent());
  b.SetInsertPoint(llvm::BasicBlock::Create(context, "", wrapper));
  std::vector<llvm::Value *> arguments;
  for (llvm::Argument &argument : kernel.args())
    arguments.push_back(b.CreateLoad(
        argument.getType(),
        b.CreateConstGEP1_64(b.getInt64Ty(), wrapper->getArg(0), argument.getArgNo())));
  b.CreateCall(&kernel, arguments);
  b.CreateRetVoid();
}

} // namespace

std::unique_ptr<Emulator> Emulator::create(mlir::ModuleOp kernels) {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;
  mlir::registerNVVMDialectTranslation(*kernels.getContext());
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module = translateKernels(kernels, *context);
  if (!module)
    return nullptr;
  std::vector<llvm::Function *> gpuKernels;
  for (llvm::Function &function : llvm::make_early_inc_range(*module)) {
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      gpuKernels.push_back(&function);
    if (!function.getName().starts_with("llvm.nvvm."))
      continue;
    const auto *known = llvm::find_if(kReplacements, [&](const Replacement &replacement) {
      return function.getName() == replacement.intrinsic;
    });
    if (known == std::end(kReplacements)) {
      llvm::errs() << "no emulation of " << function.getName() << "\n";
      return nullptr;
    }
    auto *symbol =
        llvm::Function::Create(function.getFunctionType(),
                               llvm::Function::ExternalLinkage, known->symbol, *module);
    function.replaceAllUsesWith(symbol);
    function.eraseFromParent();
  }
  for (llvm::Function *kernel : gpuKernels)
    wrapKernel(*kernel);

  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit) {
    llvm::errs() << llvm::toString(jit.takeError()) << "\n";
    return nullptr;
  }
  llvm::orc::SymbolMap symbols;
  for (const Replacement &replacement : kReplacements)
    symbols[(*jit)->mangleAndIntern(replacement.symbol)] = {
        llvm::orc::ExecutorAddr::fromPtr(replacement.function),
        llvm::JITSymbolFlags::Callable};
  llvm::cantFail(
      (*jit)->getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols))));
  llvm::cantFail((*jit)->addIRModule(
      llvm::orc::ThreadSafeModule(std::move(module), std::move(context))));
  return std::unique_ptr<Emulator>(new Emulator(std::move(*jit)));
}

Emulator::Emulator(std::unique_ptr<llvm::orc::LLJIT> jit) : jit(std::move(jit)) {}
Emulator::~Emulator() = default;

void *Emulator::lookup(const std::string &name) {
  return llvm::cantFail(jit->lookup(name)).toPtr<void *>();
}

void Emulator::call(const std::string &name, void *const *buffers,
                    const int64_t *parameters, int64_t extent) {
  reinterpret_cast<TrainKernel>(lookup(name))(buffers, parameters, 0, extent);
}

std::string Emulator::launch(const std::string &name, std::vector<uint64_t> arguments,
                             int64_t blocks, int threads, bool descending) {
  Block block;
  block.kernel = reinterpret_cast<void (*)(const uint64_t *)>(lookup(name + "_launch"));
  block.arguments = arguments.data();
  block.count = blocks;
  block.fibers = std::vector<Fiber>(threads);
  for (auto &box : block.mailbox)
    box.resize(threads);
  running = &block;
  int warps = threads / kWarp;
  for (block.index = 0; block.index < blocks; ++block.index) {
    for (Fiber &fiber : block.fibers) {
      fiber.meetings = 0;
      fiber.meeting = -1;
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = kStackBytes;
      fiber.context.uc_link = &block.scheduler;
      makecontext(&fiber.context, runFiber, 0);
    }
    // A warp runs up to the barrier before another one starts: as far ahead as hardware
    // may ever let it.
    do {
      for (int w = 0; w < warps; ++w)
        if (std::string wrong =
                runWarp(block, descending ? warps - 1 - w : w, descending);
            !wrong.empty())
          return wrong;
      for (const Fiber &fiber : block.fibers)
        if (fiber.meeting != block.fibers[0].meeting)
          return "some threads finish, others wait at a barrier";
    } while (block.fibers[0].meeting != 0);
  }
  return "";
}
