// Launch shapes: how many threads share a row, and when a row fits in their registers.
#include "mlir/IR/BuiltinTypes.h"
#include "train/Conversion/GpuKernels.h"

using namespace mlir;
using namespace train;

namespace {
constexpr int kWarp = 32;
/// Enough threads for any row, few enough that each may have 128 registers.
constexpr int kMostThreads = 512;
constexpr int kFlatThreads = 256;
/// Columns of a block of a summing kernel. Narrow, because rows are few and blocks should
/// be many; the width of a tile does not touch the bits, each column is its own chain.
constexpr int64_t kSumColumns = 128;
/// A row of more accesses per thread is read again by each stage.
constexpr int64_t kMostResidentSteps = 2;
} // namespace

int64_t train::getGpuAlignment(const rows::Buffer &buffer) {
  return std::min<int64_t>(16, 4 * getElementBytes(buffer.element));
}

// A thread's 4 columns are neighbours, and no row ends between them.
static bool hasWideRows(const rows::Program &program) {
  return (program.flat || program.domain.back() % 4 == 0) &&
         llvm::all_of(program.buffers, [](const rows::Buffer &buffer) {
           return buffer.strides.back() <= 1;
         });
}

GpuShape GpuShape::get(const rows::Program &program) {
  GpuShape shape = {};
  shape.width = hasWideRows(program) ? 4 : 1;
  int64_t columns = program.domain.back();
  if (program.flat) {
    shape.threads = kFlatThreads;
    shape.items = columns;
    shape.blocks = llvm::divideCeil(columns, kFlatThreads * shape.width);
  } else if (program.partials) {
    shape.threads = kSumColumns / shape.width;
    shape.items =
        program.domain[0] * program.partials * llvm::divideCeil(columns, kSumColumns);
    shape.blocks = shape.items;
  } else {
    int64_t accesses = llvm::divideCeil(columns, shape.width);
    shape.threads = std::clamp<int64_t>(
        llvm::PowerOf2Ceil(std::max<int64_t>(accesses, 1)), kWarp, kMostThreads);
    int64_t steps = llvm::divideCeil(accesses, shape.threads);
    shape.residentSteps = steps <= kMostResidentSteps ? steps : 0;
    shape.items = program.getExtent();
    shape.blocks = shape.items;
  }
  shape.blocks = std::clamp<int64_t>(shape.blocks, 1, INT32_MAX);
  return shape;
}
