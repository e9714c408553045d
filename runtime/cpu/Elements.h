// The element types that contractions work with, as commands name them.
#ifndef TRAIN_RUNTIME_CPU_ELEMENTS_H
#define TRAIN_RUNTIME_CPU_ELEMENTS_H

#include "SimdKernels.h"
#include "train/Runtime/Abi.h"

namespace train::cpu {

/// False for a TrainType that no contraction takes.
inline bool elementOf(int64_t type, Element &element) {
  switch (type) {
  case TRAIN_TYPE_F32:
    element = Element::F32;
    return true;
  case TRAIN_TYPE_F16:
    element = Element::F16;
    return true;
  case TRAIN_TYPE_BF16:
    element = Element::BF16;
    return true;
  default:
    return false;
  }
}

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_ELEMENTS_H
