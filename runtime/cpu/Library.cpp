// The library entries by number.
#include "Entries.h"
#include "train/Runtime/Abi.h"

namespace train::rt {

Status runLibrary(TrainLibrary entry, void *const *buffers, const int64_t *params,
                  Team &team) {
  switch (entry) {
  case TRAIN_LIBRARY_MATMUL:
    return cpu::matmul(buffers, params, team);
  case TRAIN_LIBRARY_ATTENTION:
    return cpu::attention(buffers, params, team);
  case TRAIN_LIBRARY_ATTENTION_GRAD:
    return cpu::attentionGrad(buffers, params, team);
  case TRAIN_LIBRARY_COPY:
    return cpu::copy(buffers, params, team);
  case TRAIN_LIBRARY_FILL:
    return cpu::fill(buffers, params, team);
  case TRAIN_LIBRARY_EMBEDDING:
    return cpu::embedding(buffers, params, team);
  case TRAIN_LIBRARY_EMBEDDING_GRAD:
    return cpu::embeddingGrad(buffers, params, team);
  case TRAIN_LIBRARY_CONV2D:
    return cpu::convolution(buffers, params, team);
  case TRAIN_LIBRARY_CONV2D_TRANSPOSE:
    return cpu::convolutionTranspose(buffers, params, team);
  case TRAIN_LIBRARY_CONV2D_FILTER_GRAD:
    return cpu::convolutionFilterGrad(buffers, params, team);
  case TRAIN_LIBRARY_MAX_POOL:
    return cpu::maxPool(buffers, params, team);
  case TRAIN_LIBRARY_MAX_POOL_GRAD:
    return cpu::maxPoolGrad(buffers, params, team);
  case TRAIN_LIBRARY_AVG_POOL:
    return cpu::averagePool(buffers, params, team);
  case TRAIN_LIBRARY_AVG_POOL_GRAD:
    return cpu::averagePoolGrad(buffers, params, team);
  case TRAIN_LIBRARY_CHECK_LABELS:
    return cpu::checkLabels(buffers, params, team);
  default:
    return Status::error("library entry " + std::to_string(entry) + " is not known");
  }
}

// The entries are our own code; no foreign library is loaded.
std::string libraryVersions() { return ""; }

} // namespace train::rt
