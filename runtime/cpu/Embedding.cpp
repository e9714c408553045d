// EMBEDDING and EMBEDDING_GRAD: rows of a table by integer ids, and the sum of rows into
// the table's gradient. An id outside the table is an error that names the first
// position where it stands, whatever the number of threads.
#include "Entries.h"
#include "train/Runtime/Abi.h"

#include <cstring>
#include <limits>

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

Status checkIds(const Ids &ids, int64_t count, int64_t rows, Team &team) {
  std::atomic<int64_t> firstBad{std::numeric_limits<int64_t>::max()};
  forEachRange(team, count, 65536, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      if (ids[i] < 0 || ids[i] >= rows) {
        int64_t seen = firstBad.load();
        while (i < seen && !firstBad.compare_exchange_weak(seen, i)) {
        }
        return;
      }
  });
  int64_t bad = firstBad.load();
  if (bad == std::numeric_limits<int64_t>::max())
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
  const auto *dout = static_cast<const float *>(buffers[1]);
  auto *dtable = static_cast<float *>(buffers[2]);
  if (!accumulate)
    forEachRange(team, rows * columns, 65536, [&](int64_t begin, int64_t end, int) {
      std::memset(dtable + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
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
    for (int64_t i = 0; i < count; ++i) {
      const float *from = dout + i * columns;
      float *to = dtable + ids[i] * columns;
      for (int64_t j = begin; j < end; ++j)
        to[j] += from[j];
    }
  });
  return Status::success();
}

} // namespace train::cpu
