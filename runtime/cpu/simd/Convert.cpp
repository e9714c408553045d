// Rows of elements into another type, and sums of rows of narrow elements: what entries
// do whose arithmetic is no more than that.
#include "Kernels.h"
#include "Narrow.h"

namespace train::cpu::TRAIN_SIMD {

void convert(const void *from, Element fromElement, void *to, Element toElement,
             int64_t count) {
  withElement(fromElement, [&](auto source) {
    using From = typename decltype(source)::Type;
    withElement(toElement, [&](auto target) {
      using To = typename decltype(target)::Type;
      convertRow((const From *)from, (To *)to, count);
    });
  });
}

void addWidened(const void *terms, Element element, float *sums, int64_t count) {
  withElement(element, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    const T *from = (const T *)terms;
    int64_t j = 0;
    for (; j + kLanes <= count; j += kLanes)
      store(sums + j, load(sums + j) + loadLanes<kLanes>(from + j));
    for (; j < count; ++j)
      sums[j] += widen(from[j]);
  });
}

} // namespace train::cpu::TRAIN_SIMD
