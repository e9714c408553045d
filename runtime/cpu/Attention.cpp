// ATTENTION and ATTENTION_GRAD: cuts them into tasks for the team. How they are cut
// depends on the number of threads, the result does not (see simd/Attention.cpp).
#include "Blocking.h"
#include "Elements.h"
#include "Entries.h"
#include "SimdKernels.h"

#include <cstring>

namespace train::cpu {
namespace {

AttentionShape shapeOf(const int64_t *params) {
  AttentionShape shape;
  shape.B = params[0];
  shape.T = params[1];
  shape.S = params[2];
  shape.H = params[3];
  shape.G = params[4];
  shape.D = params[5];
  shape.causal = params[6] != 0;
  auto bits = static_cast<uint32_t>(params[7]);
  std::memcpy(&shape.scale, &bits, sizeof(shape.scale));
  return shape;
}

/// Splits `count` rows into pieces of whole blocks: as few as give each thread about four
/// tasks, and none longer than `longest`.
int64_t pieceLength(int64_t count, int64_t block, int64_t others, int threads,
                    int64_t longest) {
  int64_t blocks = ceilDiv(count, block);
  int64_t pieces = std::min(blocks, ceilDiv(4 * threads, std::max<int64_t>(others, 1)));
  int64_t length = ceilDiv(blocks, std::max<int64_t>(pieces, 1)) * block;
  return std::min(length, longest / block * block);
}

float *floatsAt(void *const *buffers, int index) {
  return static_cast<float *>(buffers[index]);
}

Status unknownElements(int64_t type) {
  return Status::error("attention of elements of type " + std::to_string(type) +
                       " is not known");
}

} // namespace

Status attention(void *const *buffers, const int64_t *params, Team &team) {
  const AttentionShape shape = shapeOf(params);
  Element element;
  if (!elementOf(params[8], element))
    return unknownElements(params[8]);
  const AttentionForward io{buffers[0], buffers[1],           buffers[2],
                            buffers[3], floatsAt(buffers, 4), element};
  auto *workspace = static_cast<char *>(buffers[5]);
  const int64_t perThread =
      trainLibraryWorkspaceBytes(TRAIN_LIBRARY_ATTENTION, params, 1);
  const int64_t heads = shape.B * shape.H;
  if (heads <= 0 || shape.T <= 0)
    return Status::success();
  const int64_t length = pieceLength(
      shape.T, kQueryBlock, team.threads() == 1 ? 4 : heads, team.threads(), kQueryChunk);
  const int64_t pieces = ceilDiv(shape.T, length);
  // Late queries see most keys: they go first, so that no long task is left at the end.
  forEachTask(team, heads * pieces, [&](int64_t task, int thread) {
    int64_t head = task % heads, begin = (pieces - 1 - task / heads) * length;
    simdKernels()->attention(shape, io, head / shape.H, head % shape.H, begin,
                             std::min(shape.T, begin + length),
                             reinterpret_cast<float *>(workspace + thread * perThread));
  });
  return Status::success();
}

Status attentionGrad(void *const *buffers, const int64_t *params, Team &team) {
  const AttentionShape shape = shapeOf(params);
  Element element;
  if (!elementOf(params[8], element))
    return unknownElements(params[8]);
  const AttentionBackward io{
      buffers[0],           buffers[1], buffers[2], buffers[3], buffers[5],
      floatsAt(buffers, 4), buffers[6], buffers[7], buffers[8], element};
  auto *workspace = static_cast<char *>(buffers[9]);
  const int64_t perThread =
      trainLibraryWorkspaceBytes(TRAIN_LIBRARY_ATTENTION_GRAD, params, 1);
  const int64_t groups = shape.B * shape.G, heads = shape.B * shape.H;
  const int64_t threads = team.threads(), headsPerGroup = shape.H / shape.G;
  auto run = [&](const AttentionGradTask &task, int thread) {
    simdKernels()->attentionGrad(
        shape, io, task, reinterpret_cast<float *>(workspace + thread * perThread));
  };
  AttentionGradTask whole{};
  whole.queryEnd = shape.T;
  whole.keyEnd = shape.S;

  // One task per group of heads does five products per block. Two passes, one for the
  // keys and one for the queries, do seven, but can be cut anywhere: better where the
  // groups would leave more than two in seven of the threads idle.
  // So they are where the sums of a group's queries, held until they can be rounded,
  // would take more memory than is planned.
  const bool narrow = element != Element::F32;
  const int64_t groupQueries = shape.T * headsPerGroup;
  if (5 * ceilDiv(groups, threads) * threads <= 7 * groups &&
      (!narrow || heldQueries(groupQueries) == groupQueries)) {
    forEachTask(team, groups, [&](int64_t index, int thread) {
      AttentionGradTask task = whole;
      task.b = index / shape.G;
      task.group = index % shape.G;
      task.headBegin = task.group * headsPerGroup;
      task.headEnd = task.headBegin + headsPerGroup;
      task.wantQueries = task.wantKeys = true;
      run(task, thread);
    });
    return Status::success();
  }
  const int64_t keyLength =
      pieceLength(shape.S, kKeyBlock, groups, team.threads(), shape.S + kKeyBlock);
  const int64_t keyPieces = keyLength > 0 ? ceilDiv(shape.S, keyLength) : 0;
  const int64_t queryLength = pieceLength(shape.T, kQueryBlock, heads, team.threads(),
                                          narrow ? kQueryChunk : shape.T + kQueryBlock);
  const int64_t queryPieces = queryLength > 0 ? ceilDiv(shape.T, queryLength) : 0;
  const int64_t keyTasks = groups * keyPieces;
  forEachTask(team, keyTasks + heads * queryPieces, [&](int64_t index, int thread) {
    AttentionGradTask task = whole;
    if (index < keyTasks) {
      int64_t group = index % groups, piece = index / groups;
      task.b = group / shape.G;
      task.group = group % shape.G;
      task.headBegin = task.group * headsPerGroup;
      task.headEnd = task.headBegin + headsPerGroup;
      task.keyBegin = piece * keyLength;
      task.keyEnd = std::min(shape.S, task.keyBegin + keyLength);
      task.wantKeys = true;
    } else {
      int64_t head = (index - keyTasks) % heads, piece = (index - keyTasks) / heads;
      task.b = head / shape.H;
      task.headBegin = head % shape.H;
      task.headEnd = task.headBegin + 1;
      task.group = task.headBegin / headsPerGroup;
      task.queryBegin = (queryPieces - 1 - piece) * queryLength;
      task.queryEnd = std::min(shape.T, task.queryBegin + queryLength);
      task.wantQueries = true;
    }
    run(task, thread);
  });
  return Status::success();
}

} // namespace train::cpu
