// EMBEDDING and EMBEDDING_GRAD: rows of a table by integer ids, and the sum of rows into
// the table's gradient. CHECK_LABELS: the same look at the labels of a loss, whose kernel
// is generated. A wrong id or label is an error that names the first position where it
// stands, whatever the number of threads.
#include "Elements.h"
#include "Entries.h"
#include "train/Runtime/Abi.h"

#include <cstring>

namespace train::cpu {
namespace {

/// The ids of a command, of either integer type.
struct Ids {
  const void *data;
  bool wide;
  int64_t operator[](int64_t i) const {
    return wide ? static_cast<const int64_t *>(data)[i]
                : static_cast<const int32_t *>(data)[i];
  }
};

/// The first position whose id `isWrong`; `count` if there is none.
template <typename Wrong>
int64_t findFirst(const Ids &ids, int64_t count, Team &team, const Wrong &isWrong) {
  std::atomic<int64_t> first{count};
  forEachRange(team, count, 65536, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      if (isWrong(ids[i])) {
        int64_t seen = first.load();
        while (i < seen && !first.compare_exchange_weak(seen, i)) {
        }
        return;
      }
  });
  return first.load();
}

Status checkIds(const Ids &ids, int64_t count, int64_t rows, Team &team) {
  int64_t bad =
      findFirst(ids, count, team, [&](int64_t id) { return id < 0 || id >= rows; });
  if (bad == count)
    return Status::success();
  return Status::error(rt::ErrorKind::Data, "id " + std::to_string(ids[bad]) +
                                                " at position " + std::to_string(bad) +
                                                " is outside [0, " +
                                                std::to_string(rows) + ")");
}

Status idsOf(const void *data, int64_t type, Ids &ids) {
  if (type != TRAIN_TYPE_I32 && type != TRAIN_TYPE_I64)
    return Status::error("ids of type " + std::to_string(type) + "; expected i32 or i64");
  ids = {data, type == TRAIN_TYPE_I64};
  return Status::success();
}

} // namespace

Status embedding(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t rows = params[0], columns = params[1], count = params[2];
  const int64_t rowBytes = columns * params[4];
  Ids ids{};
  TRAIN_RT_RETURN_IF_ERROR(idsOf(buffers[1], params[3], ids));
  TRAIN_RT_RETURN_IF_ERROR(checkIds(ids, count, rows, team));
  const char *table = static_cast<const char *>(buffers[0]);
  char *out = static_cast<char *>(buffers[2]);
  forEachRange(team, count, ceilDiv(32768, std::max<int64_t>(rowBytes, 1)),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t i = begin; i < end; ++i)
                   std::memcpy(out + i * rowBytes, table + ids[i] * rowBytes,
                               static_cast<size_t>(rowBytes));
               });
  return Status::success();
}

Status embeddingGrad(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t rows = params[0], columns = params[1], count = params[2];
  const bool accumulate = params[4] != 0;
  Ids ids{};
  TRAIN_RT_RETURN_IF_ERROR(idsOf(buffers[0], params[3], ids));
  TRAIN_RT_RETURN_IF_ERROR(checkIds(ids, count, rows, team));
  Element from, to;
  if (!elementOf(params[5], from) || !elementOf(params[6], to) ||
      (to != from && to != Element::F32))
    return Status::error("sums of rows of type " + std::to_string(params[5]) +
                         " into a table of type " + std::to_string(params[6]) +
                         " are not known");
  const SimdKernels &simd = *simdKernels();
  const Elements dout(buffers[1], from), table(buffers[2], to);
  // A narrow table is held in f32 until its sums are complete.
  const bool held = to != Element::F32;
  auto *sums = static_cast<float *>(buffers[held ? 3 : 2]);
  forEachRange(team, rows * columns, 65536, [&](int64_t begin, int64_t end, int) {
    if (!accumulate)
      std::memset(sums + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
    else if (held)
      simd.convert(table.at(begin), to, sums + begin, Element::F32, end - begin);
  });
  // The team shares the columns: every thread walks all positions in ascending order, so
  // each sum has the order of the ids and no two threads meet in a row.
  constexpr int64_t kLine = 16;
  const int64_t lines = ceilDiv(columns, kLine);
  const int64_t pieces =
      count * columns < 16384 ? 1 : std::min<int64_t>(lines, team.threads());
  forEachTask(team, pieces, [&](int64_t piece, int) {
    const int64_t begin = lines * piece / pieces * kLine;
    const int64_t end = std::min(columns, lines * (piece + 1) / pieces * kLine);
    for (int64_t i = 0; i < count; ++i)
      simd.addWidened(dout.at(i * columns + begin), from, sums + ids[i] * columns + begin,
                      end - begin);
  });
  if (held)
    forEachRange(team, rows * columns, 65536, [&](int64_t begin, int64_t end, int) {
      simd.convert(sums + begin, Element::F32, table.at(begin), to, end - begin);
    });
  return Status::success();
}

Status checkLabels(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t count = params[0], classes = params[2], ignored = params[3];
  Ids labels{};
  TRAIN_RT_RETURN_IF_ERROR(idsOf(buffers[0], params[1], labels));
  int64_t bad = findFirst(labels, count, team, [&](int64_t label) {
    return (label < 0 || label >= classes) && label != ignored;
  });
  if (bad == count)
    return Status::success();
  return Status::error(rt::ErrorKind::Data,
                       "got label " + std::to_string(labels[bad]) + " at position " +
                           std::to_string(bad) + ", expected 0 to " +
                           std::to_string(classes - 1) + " or ignore_index " +
                           std::to_string(ignored));
}

} // namespace train::cpu
