// Which CPUs kernels are generated for, and LLVM's backend for them.
#include "Machine.h"
#include "train/Support/NearestName.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace mlir;
using namespace train;

// Features that our code generator and LLVM use; what an executable must find at its
// start.
static constexpr std::pair<StringLiteral, StringLiteral> kCheckedFeatures[] = {
    {"avx", "avx"},           {"avx2", "avx2"},         {"fma", "fma"},
    {"bmi", "bmi1"},          {"bmi2", "bmi2"},         {"f16c", "f16c"},
    {"popcnt", "popcnt"},     {"sse4.2", "sse4_2"},     {"avx512f", "avx512f"},
    {"avx512bw", "avx512bw"}, {"avx512dq", "avx512dq"}, {"avx512vl", "avx512vl"},
    {"avx512cd", "avx512cd"},
};

llvm::Expected<CpuTarget> CpuTarget::get(StringRef name) {
  CpuTarget target;
  llvm::StringMap<bool> features;
  if (name == "native") {
    target.name = llvm::sys::getHostCPUName().str();
    features = llvm::sys::getHostCPUFeatures();
  } else {
    SmallVector<StringRef> list;
    if (llvm::X86::parseArchX86(name, /*Only64Bit=*/true) == llvm::X86::CK_None) {
      llvm::X86::fillValidCPUArchList(list, /*Only64Bit=*/true);
      return llvm::createStringError("unknown CPU '" + name.take_front(80).str() + "'" +
                                     didYouMean(name.str(), {list.begin(), list.end()}));
    }
    llvm::X86::getFeaturesForCPU(name, list);
    target.name = name.str();
    for (StringRef feature : list)
      features[feature] = true;
  }
  if (!features.lookup("avx2") || !features.lookup("fma"))
    return llvm::createStringError(
        "CPU '" + target.name +
        "' has no AVX2 with FMA, the least that kernels are generated for");
  bool wide = features.lookup("avx512f") && features.lookup("avx512vl") &&
              features.lookup("avx512bw") && features.lookup("avx512dq");
  target.vectorBits = wide ? 512 : 256;
  target.bf16Tiles = wide && features.lookup("avx512cd") && features.lookup("amx-tile") &&
                     features.lookup("amx-bf16");
  SmallVector<std::string> spelled, required;
  for (const auto &[feature, enabled] : features)
    spelled.push_back((enabled ? "+" : "-") + feature.str());
  llvm::sort(spelled);
  if (wide)
    spelled.push_back("-prefer-256-bit");
  for (const auto &[llvmName, procName] : kCheckedFeatures)
    if (features.lookup(llvmName))
      required.push_back(procName.str());
  target.features = llvm::join(spelled, ",");
  target.required = llvm::join(required, ",");
  return target;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
train::createTargetMachine(const CpuTarget &target) {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return llvm::createStringError(error);
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.name, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Default));
}
