// One function per library entry of the ABI; operands and params as TrainLibrary in
// Abi.h lists them. runLibrary is the only caller.
#ifndef TRAIN_RUNTIME_CPU_ENTRIES_H
#define TRAIN_RUNTIME_CPU_ENTRIES_H

#include "Parallel.h"

namespace train::cpu {

Status matmul(void *const *buffers, const int64_t *params, Team &team);
Status attention(void *const *buffers, const int64_t *params, Team &team);
Status attentionGrad(void *const *buffers, const int64_t *params, Team &team);
Status convolution(void *const *buffers, const int64_t *params, Team &team);
Status convolutionTranspose(void *const *buffers, const int64_t *params, Team &team);
Status convolutionFilterGrad(void *const *buffers, const int64_t *params, Team &team);
Status copy(void *const *buffers, const int64_t *params, Team &team);
Status fill(void *const *buffers, const int64_t *params, Team &team);
Status embedding(void *const *buffers, const int64_t *params, Team &team);
Status embeddingGrad(void *const *buffers, const int64_t *params, Team &team);
Status checkLabels(void *const *buffers, const int64_t *params, Team &team);
Status maxPool(void *const *buffers, const int64_t *params, Team &team);
Status maxPoolGrad(void *const *buffers, const int64_t *params, Team &team);
Status averagePool(void *const *buffers, const int64_t *params, Team &team);
Status averagePoolGrad(void *const *buffers, const int64_t *params, Team &team);

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_ENTRIES_H
