// LLVM's backend for the CPU that the user named.
#ifndef TRAIN_LIB_CONVERSION_CPU_MACHINE_H
#define TRAIN_LIB_CONVERSION_CPU_MACHINE_H

#include "train/Conversion/CpuKernels.h"
#include "llvm/Target/TargetMachine.h"

namespace train {

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CpuTarget &target);

} // namespace train

#endif // TRAIN_LIB_CONVERSION_CPU_MACHINE_H
