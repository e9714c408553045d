// COPY: any strided copy, as transposes, slices, concatenations, pads and broadcasts need
// it. Dimensions are merged and ordered by the strides of the destination, then one of
// three inner loops runs over blocks that fit the first-level cache: contiguous pieces,
// two-dimensional transposes, or element by element.
#include "Entries.h"
#include "SimdKernels.h"
#include "train/Runtime/Abi.h"

#include <cstdlib>
#include <cstring>

namespace train::cpu {
namespace {

struct Dimension {
  int64_t size, srcStride, dstStride; // strides in elements
};

/// The copy as a loop nest: outermost dimension first.
struct Nest {
  Dimension dims[2 * TRAIN_MAX_RANK + 2];
  int rank = 0;
};

/// Drops dimensions of size 1, orders the others by the stride of the destination, and
/// merges those that both sides walk as one. Returns false where there is nothing to
/// copy.
bool normalize(const int64_t *params, Nest &nest) {
  const int rank = static_cast<int>(params[1]);
  const int64_t *shape = params + 4, *src = shape + rank, *dst = src + rank;
  Dimension dims[TRAIN_MAX_RANK];
  int count = 0;
  for (int i = 0; i < rank; ++i) {
    if (shape[i] <= 0)
      return false;
    if (shape[i] > 1)
      dims[count++] = {shape[i], src[i], dst[i]};
  }
  for (int i = 1; i < count; ++i)
    for (int j = i;
         j > 0 && std::llabs(dims[j].dstStride) > std::llabs(dims[j - 1].dstStride); --j)
      std::swap(dims[j], dims[j - 1]);
  for (int i = 0; i < count; ++i) {
    Dimension *last = nest.rank > 0 ? &nest.dims[nest.rank - 1] : nullptr;
    if (last && last->srcStride == dims[i].size * dims[i].srcStride &&
        last->dstStride == dims[i].size * dims[i].dstStride)
      *last = {last->size * dims[i].size, dims[i].srcStride, dims[i].dstStride};
    else
      nest.dims[nest.rank++] = dims[i];
  }
  if (nest.rank == 0)
    nest.dims[nest.rank++] = {1, 1, 1};
  return true;
}

/// Innermost work: `rows` x `columns` elements.
struct Block {
  Dimension rows, columns;
};

template <typename T> void copyElements(const Block &block, const T *src, T *dst) {
  for (int64_t i = 0; i < block.rows.size; ++i) {
    const T *from = src + i * block.rows.srcStride;
    T *to = dst + i * block.rows.dstStride;
    if (block.columns.dstStride == 1 && block.columns.srcStride == 0) {
      std::fill(to, to + block.columns.size, *from);
    } else {
      for (int64_t j = 0; j < block.columns.size; ++j)
        to[j * block.columns.dstStride] = from[j * block.columns.srcStride];
    }
  }
}

template <typename T> void copyBlock(const Block &block, const void *src, void *dst) {
  const T *from = static_cast<const T *>(src);
  T *to = static_cast<T *>(dst);
  if (block.columns.srcStride == 1 && block.columns.dstStride == 1) {
    for (int64_t i = 0; i < block.rows.size; ++i)
      std::memcpy(to + i * block.rows.dstStride, from + i * block.rows.srcStride,
                  static_cast<size_t>(block.columns.size) * sizeof(T));
    return;
  }
  if (sizeof(T) == 4 && block.rows.srcStride == 1 && block.columns.dstStride == 1) {
    simdKernels()->transpose(static_cast<const uint32_t *>(src), block.columns.srcStride,
                             static_cast<uint32_t *>(dst), block.rows.dstStride,
                             block.columns.size, block.rows.size);
    return;
  }
  copyElements<T>(block, from, to);
}

using BlockCopy = void (*)(const Block &block, const void *src, void *dst);

/// Walks the outer positions [begin, end) of the nest and copies the block at each. The
/// two dimensions of the block may be cut: `rowStep` and `columnStep` are their pieces.
struct Walk {
  Nest outer;
  Block block;
  int rowDim = -1, columnDim = -1; ///< outer dimensions that step over pieces, or -1
  int64_t elementBytes;
  BlockCopy copy;

  int64_t positions() const {
    int64_t count = 1;
    for (int i = 0; i < outer.rank; ++i)
      count *= outer.dims[i].size;
    return count;
  }

  void run(const char *src, char *dst, int64_t begin, int64_t end, int64_t rowCount,
           int64_t columnCount) const {
    int64_t index[2 * TRAIN_MAX_RANK + 2];
    int64_t srcAt = 0, dstAt = 0, rest = begin;
    for (int i = outer.rank - 1; i >= 0; --i) {
      index[i] = rest % outer.dims[i].size;
      rest /= outer.dims[i].size;
      srcAt += index[i] * outer.dims[i].srcStride;
      dstAt += index[i] * outer.dims[i].dstStride;
    }
    for (int64_t position = begin; position < end; ++position) {
      Block now = block;
      if (rowDim >= 0)
        now.rows.size =
            std::min(block.rows.size, rowCount - index[rowDim] * block.rows.size);
      if (columnDim >= 0)
        now.columns.size = std::min(block.columns.size,
                                    columnCount - index[columnDim] * block.columns.size);
      copy(now, src + srcAt * elementBytes, dst + dstAt * elementBytes);
      for (int i = outer.rank - 1; i >= 0; --i) {
        srcAt += outer.dims[i].srcStride;
        dstAt += outer.dims[i].dstStride;
        if (++index[i] < outer.dims[i].size)
          break;
        srcAt -= index[i] * outer.dims[i].srcStride;
        dstAt -= index[i] * outer.dims[i].dstStride;
        index[i] = 0;
      }
    }
  }
};

BlockCopy blockCopyFor(int64_t elementBytes) {
  switch (elementBytes) {
  case 1:
    return copyBlock<uint8_t>;
  case 2:
    return copyBlock<uint16_t>;
  case 4:
    return copyBlock<uint32_t>;
  case 8:
    return copyBlock<uint64_t>;
  default:
    return nullptr;
  }
}

} // namespace

Status copy(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t elementBytes = params[0], rank = params[1];
  Walk walk;
  walk.elementBytes = elementBytes;
  walk.copy = blockCopyFor(elementBytes);
  if (!walk.copy)
    return Status::error("copy of elements of " + std::to_string(elementBytes) +
                         " bytes; expected 1, 2, 4 or 8");
  if (rank < 0 || rank > TRAIN_MAX_RANK)
    return Status::error("copy of rank " + std::to_string(rank) + "; expected at most " +
                         std::to_string(TRAIN_MAX_RANK));
  Nest nest;
  if (!normalize(params, nest))
    return Status::success();
  const char *src = static_cast<const char *>(buffers[0]) + params[2] * elementBytes;
  char *dst = static_cast<char *>(buffers[1]) + params[3] * elementBytes;

  // The columns of a block: the innermost dimension. Its rows: where the source is not
  // contiguous there, the dimension that is (a transpose), else the next one out.
  const int inner = nest.rank - 1;
  int row = nest.rank - 2;
  bool transposed = false;
  if (nest.dims[inner].srcStride != 1)
    for (int i = 0; i < inner; ++i)
      if (nest.dims[i].srcStride == 1) {
        row = i;
        transposed = true;
      }
  const Dimension columns = nest.dims[inner];
  const Dimension rows = row >= 0 ? nest.dims[row] : Dimension{1, 0, 0};
  // About 32 KiB per block; square for transposes, so that both sides use whole lines.
  const int64_t columnStep =
      std::min(columns.size, transposed ? 64 : 32768 / elementBytes);
  const int64_t rowStep = std::min(
      rows.size,
      transposed ? 64 : std::max<int64_t>(1, 32768 / (columnStep * elementBytes)));
  auto stepped = [](const Dimension &dim, int64_t step) {
    return Dimension{ceilDiv(dim.size, step), dim.srcStride * step, dim.dstStride * step};
  };
  for (int i = 0; i < nest.rank; ++i)
    if (i != inner && i != row)
      walk.outer.dims[walk.outer.rank++] = nest.dims[i];
  walk.rowDim = walk.outer.rank;
  walk.outer.dims[walk.outer.rank++] = stepped(rows, rowStep);
  walk.columnDim = walk.outer.rank;
  walk.outer.dims[walk.outer.rank++] = stepped(columns, columnStep);
  walk.block.rows = {rowStep, rows.srcStride, rows.dstStride};
  walk.block.columns = {columnStep, columns.srcStride, columns.dstStride};

  // Below 64 KiB per thread, waking the others costs more than it saves.
  const int64_t blockBytes = rowStep * columnStep * elementBytes;
  forEachRange(team, walk.positions(), ceilDiv(65536, blockBytes),
               [&](int64_t begin, int64_t end, int) {
                 walk.run(src, dst, begin, end, rows.size, columns.size);
               });
  return Status::success();
}

Status fill(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t elementBytes = params[0], count = params[1], value = params[2];
  if (!blockCopyFor(elementBytes))
    return Status::error("fill of elements of " + std::to_string(elementBytes) +
                         " bytes; expected 1, 2, 4 or 8");
  char *dst = static_cast<char *>(buffers[0]);
  forEachRange(team, count, 65536 / elementBytes, [&](int64_t begin, int64_t end, int) {
    char *first = dst + begin * elementBytes, *last = dst + end * elementBytes;
    if (value == 0)
      std::memset(first, 0, static_cast<size_t>(last - first));
    else if (elementBytes == 1)
      std::memset(first, static_cast<int>(value & 0xff),
                  static_cast<size_t>(last - first));
    else if (elementBytes == 2)
      std::fill(reinterpret_cast<uint16_t *>(first), reinterpret_cast<uint16_t *>(last),
                static_cast<uint16_t>(value));
    else if (elementBytes == 4)
      std::fill(reinterpret_cast<uint32_t *>(first), reinterpret_cast<uint32_t *>(last),
                static_cast<uint32_t>(value));
    else
      std::fill(reinterpret_cast<int64_t *>(first), reinterpret_cast<int64_t *>(last),
                value);
  });
  return Status::success();
}

} // namespace train::cpu
