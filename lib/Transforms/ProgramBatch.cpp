//===- ProgramBatch.cpp - programs of another batch size --------------------===//
//
// Follows a new batch size from the inputs through a program, asking each op for its new
// result types.
//
//===----------------------------------------------------------------------===//
#include "ProgramBatch.h"
#include "TypeFollower.h"

using namespace mlir;
using namespace train;

namespace {

class BatchSetter : public TypeFollower {
public:
  BatchSetter(int64_t from, int64_t to) : from(from), to(to) {}

private:
  LogicalResult setSizes(Operation &op) override {
    auto sized = dyn_cast<BatchOpInterface>(op);
    if (!sized || !mayHoldBatch(op))
      return success();
    SmallVector<Type> before(op.getResultTypes());
    if (failed(sized.setBatch(from, to)))
      return failure();
    for (auto [result, type] : llvm::zip_equal(op.getResults(), before))
      noteOldType(result, type);
    return success();
  }

  void refuse(Operation &op) override {
    emitError(op.getLoc(), "the shapes of '")
        << op.getName() << "' no longer fit after the batch size became " << to
        << " (it was " << from << ")";
  }

  /// Whether a size in the op's attributes may be the batch: it follows an operand that
  /// has changed, or the op makes more elements than it reads. What only cuts or reorders
  /// a table has no batch, even where a size happens to equal it.
  bool mayHoldBatch(Operation &op) const {
    int64_t read = 0, made = 0;
    for (Value operand : op.getOperands()) {
      if (hasChanged(operand))
        return true;
      read += cast<ShapedType>(operand.getType()).getNumElements();
    }
    for (Type type : op.getResultTypes())
      made += cast<ShapedType>(type).getNumElements();
    return made > read;
  }

  int64_t from, to;
};

} // namespace

std::optional<int64_t> train::getBatch(ProgramOpInterface program) {
  for (auto [i, input] : llvm::enumerate(program.getBodyBlock()->getArguments()))
    // All marked dimensions have one size: the program's verifier sees to that.
    if (int64_t dim = program.getBatchDim(i); dim >= 0)
      return cast<RankedTensorType>(input.getType()).getDimSize(dim);
  return std::nullopt;
}

LogicalResult train::setBatch(ProgramOpInterface program, int64_t batch) {
  int64_t from = *getBatch(program);
  if (from == batch)
    return success();
  BatchSetter setter(from, batch);
  for (auto [i, input] : llvm::enumerate(program.getBodyBlock()->getArguments())) {
    int64_t dim = program.getBatchDim(i);
    if (dim < 0)
      continue;
    auto type = cast<RankedTensorType>(input.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[dim] = batch;
    setter.setType(input, type.clone(shape));
  }
  return setter.visit(*program.getBodyBlock());
}

namespace {

/// What a batch of one does to a value: nothing, or `batch` times fewer elements.
struct Narrowed {
  RankedTensorType whole, single;
  int64_t batch;

  bool isSame() const { return whole == single; }
  bool isPart() const {
    return whole.getNumElements() == batch * single.getNumElements();
  }
  /// The samples are the leading dimension, and there is another behind it.
  bool isPartByRows() const {
    return whole.getRank() > 1 && whole.getRank() == single.getRank() &&
           whole.getDimSize(0) == batch * single.getDimSize(0) &&
           whole.getShape().drop_front() == single.getShape().drop_front();
  }
};

/// Whether the op combines elements of an operand with each other; elementwise ops and
/// data movement do not.
bool combinesElements(Operation *op) {
  if (auto kernel = dyn_cast<RowProgramOpInterface>(op))
    return kernel.getRowKind() != RowKind::Elementwise;
  return isa<PrecisionOpInterface>(op);
}

} // namespace

bool train::keepsSamplesApart(ProgramOpInterface whole, ProgramOpInterface single) {
  int64_t batch = *getBatch(whole);
  auto narrow = [&](Value a, Value b) -> Narrowed {
    return {cast<RankedTensorType>(a.getType()), cast<RankedTensorType>(b.getType()),
            batch};
  };
  for (auto [a, b] : llvm::zip_equal(*whole.getBodyBlock(), *single.getBodyBlock())) {
    bool combines = combinesElements(&a), readsSamples = false;
    auto isFine = [&](const Narrowed &value) {
      return combines ? value.isPartByRows() : value.isPart();
    };
    for (auto [x, y] : llvm::zip_equal(a.getOperands(), b.getOperands())) {
      Narrowed operand = narrow(x, y);
      if (operand.isSame())
        continue;
      readsSamples = true;
      if (!isFine(operand))
        return false;
    }
    for (auto [x, y] : llvm::zip_equal(a.getResults(), b.getResults())) {
      Narrowed result = narrow(x, y);
      if (!x.use_empty() &&
          !(readsSamples ? isFine(result) : result.isSame() || result.isPart()))
        return false;
    }
  }
  return true;
}
