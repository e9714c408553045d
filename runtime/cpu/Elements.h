// The element types that library entries work with, as commands name them, and buffers
// whose elements are counted, whatever their size.
#ifndef TRAIN_RUNTIME_CPU_ELEMENTS_H
#define TRAIN_RUNTIME_CPU_ELEMENTS_H

#include "SimdKernels.h"
#include "train/Runtime/Abi.h"

namespace train::cpu {

/// False for a TrainType that no entry works with.
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

inline int64_t bytesOf(Element element) { return element == Element::F32 ? 4 : 2; }

/// A buffer of elements of one type.
struct Elements {
  char *data;
  int64_t elementBytes;
  Elements(void *buffer, Element element)
      : data(static_cast<char *>(buffer)), elementBytes(bytesOf(element)) {}
  void *at(int64_t index) const { return data + index * elementBytes; }
};

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_ELEMENTS_H
