// The workspace of each library entry, by arithmetic alone: the compiler calls this to
// plan memory, on machines that may have neither the CPU nor the libraries of the target.
#include "../Blocking.h"
#include "train/Runtime/Abi.h"

namespace {

int64_t roundToAlignment(int64_t bytes) {
  return (bytes + TRAIN_ALIGNMENT - 1) / TRAIN_ALIGNMENT * TRAIN_ALIGNMENT;
}

} // namespace

extern "C" int64_t trainLibraryWorkspaceBytes(TrainLibrary entry, const int64_t *params,
                                              int32_t threads) {
  const bool isAttention =
      entry == TRAIN_LIBRARY_ATTENTION || entry == TRAIN_LIBRARY_ATTENTION_GRAD;
  const bool narrow = isAttention && params[8] != TRAIN_TYPE_F32;
  switch (entry) {
  case TRAIN_LIBRARY_ATTENTION:
    return threads * roundToAlignment(4 * train::cpu::attentionFloats(params[5], narrow));
  case TRAIN_LIBRARY_ATTENTION_GRAD:
    return threads * roundToAlignment(
                         4 * train::cpu::attentionGradFloats(
                                 params[5], narrow, params[1] * (params[3] / params[4])));
  case TRAIN_LIBRARY_MAX_POOL_GRAD:
  case TRAIN_LIBRARY_AVG_POOL_GRAD:
    return params[20] == TRAIN_TYPE_F32
               ? 0
               : threads * train::cpu::heldPlaneBytes(params[2] * params[3]);
  case TRAIN_LIBRARY_EMBEDDING_GRAD:
    return params[6] == TRAIN_TYPE_F32 ? 0 : roundToAlignment(4 * params[0] * params[1]);
  default:
    // The others work in the packing buffers that the team of threads owns.
    return 0;
  }
}
