//===- ChunkLoss.cpp - train-chunk-loss -------------------------------------===//
//
// Decides for each head whether and how its rows are split, and writes the chunks into
// the graph. What a head is, is Head.cpp's; that backward follows chunk by chunk,
// train-interleave-chunks'. Passes.td describes what comes out.
//
//===----------------------------------------------------------------------===//
#include "Head.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINCHUNKLOSS
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// Logits below this are not worth the commands of their chunks.
constexpr int64_t kLeastLogitsBytes = 16 << 20;
/// Chunks by rule are multiples of this: whole tiles for the contractions, and views that
/// start where a storage may.
constexpr int64_t kRowMultiple = 64;
/// Fewer rows keep no library busy, however narrow the weight is.
constexpr int64_t kLeastRows = 256;
/// Chunks are unrolled: more than this by rule would make the program long for little,
/// and more than that on request hardly compile.
constexpr int64_t kMostChunksByRule = 64;
constexpr int64_t kMostChunks = 1024;

int64_t roundUp(int64_t value, int64_t multiple) {
  return llvm::divideCeil(value, multiple) * multiple;
}

/// Rows per chunk by rule, or the number of rows for no chunks. Each chunk reads the
/// weight twice and its gradient once more, so a chunk's logits are as large as the
/// weight: then the logits cost no more memory than the weight's gradient does, and a
/// weight's worth of traffic is paid for by as much arithmetic as the width has columns.
/// docs/rationale/chunk-loss.md has the measurements.
int64_t chooseRows(const Head &head) {
  int64_t rows = head.getRows();
  int64_t fewest = llvm::divideCeil(rows, kMostChunksByRule);
  int64_t most = std::max({kLeastRows, roundUp(head.getWidth(), kRowMultiple), fewest});
  if (rows < 2 * most || rows * head.getRowBytes() < kLeastLogitsBytes)
    return rows;
  // Chunks of one size, as far as it divides.
  return roundUp(llvm::divideCeil(rows, llvm::divideCeil(rows, most)), kRowMultiple);
}

/// What the graph's loss reads: whether `head`'s loss is in it, and whether its matmul is
/// in it by another way too.
struct Readers {
  bool readsLoss = false;
  bool readsLogits = false;

  Readers(GraphOp graph, const Head &head) {
    SmallVector<Value> open;
    Operation *terminator = graph.getBodyBlock()->getTerminator();
    for (auto [name, value] :
         llvm::zip_equal(graph.getOutputNames(), terminator->getOperands()))
      if (cast<StringAttr>(name).getValue() == kLossOutput)
        open.push_back(value);
    DenseSet<Value> seen;
    while (!open.empty()) {
      Value value = open.pop_back_val();
      Operation *op = value.getDefiningOp();
      if (!op || !seen.insert(value).second)
        continue;
      readsLoss |= op == head.loss;
      readsLogits |= op == head.matmul;
      if (op == head.loss)
        continue;
      if (op->getNumRegions())
        open.push_back(op->getRegion(0).front().getTerminator()->getOperand(
            cast<OpResult>(value).getResultNumber()));
      else
        llvm::append_range(open, op->getOperands());
    }
  }
};

/// Moves the ops of a layer to where it stands, named as train-differentiate would.
void inlineLayer(LayerOp layer) {
  Block &body = layer.getBody().front();
  auto join = [&](StringRef inner) {
    return StringAttr::get(layer.getContext(), layer.getName() + "/" + inner);
  };
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    if (auto inner = dyn_cast<LayerOp>(op))
      inner.setNameAttr(join(inner.getName()));
    else if (auto name = op.getAttrOfType<StringAttr>(kLayerAttr))
      op.setAttr(kLayerAttr, join(name.getValue()));
    else
      op.setAttr(kLayerAttr, layer.getNameAttr());
    op.moveBefore(layer);
  }
  layer->replaceAllUsesWith(body.getTerminator()->getOperands());
  layer.erase();
}

/// Writes the chunks of one head in front of its loss.
class ChunkWriter {
public:
  ChunkWriter(const Head &head, int64_t chunkRows)
      : head(head), chunkRows(chunkRows), builder(head.loss) {}

  void run() {
    for (LayerOp layer : head.layers)
      inlineLayer(layer);
    Value hidden = makeHidden(), labels = makeLabels(), divisor = countLabels(labels);
    int64_t rows = head.getRows();
    Value total;
    SmallVector<Value> lses;
    for (int64_t first = 0; first < rows; first += chunkRows) {
      int64_t count = std::min(chunkRows, rows - first);
      ++chunk;
      Value x = makeLogits(sliceRows(hidden, first, count), count);
      auto part = make<CrossEntropyOp>(head.loss, x, sliceRows(labels, first, count),
                                       divisor, head.loss.getIgnoreIndexAttr());
      lses.push_back(part.getLse());
      total =
          total ? Value(make<AddOp>(head.loss, total, part.getLoss())) : part.getLoss();
    }
    chunk = -1;
    head.loss.getLoss().replaceAllUsesWith(total);
    head.loss.getCount().replaceAllUsesWith(divisor);
    if (!head.loss.getLse().use_empty())
      head.loss.getLse().replaceAllUsesWith(
          reshape(make<ConcatOp>(head.loss, lses, 0),
                  cast<RankedTensorType>(head.loss.getLse().getType()).getShape()));
    eraseUnused();
  }

private:
  /// An op at the location and in the layer of `like`, in the current chunk.
  template <typename OpT, typename... Args> OpT make(Operation *like, Args &&...args) {
    auto op = OpT::create(builder, like->getLoc(), std::forward<Args>(args)...);
    mark(op, like);
    return op;
  }

  void mark(Operation *op, Operation *like) {
    if (Attribute layer = like->getAttr(kLayerAttr))
      op->setAttr(kLayerAttr, layer);
    if (chunk >= 0)
      op->setAttr(kChunkAttr, builder.getI64IntegerAttr(chunk));
  }

  Value reshape(Value value, ArrayRef<int64_t> shape) {
    if (cast<RankedTensorType>(value.getType()).getShape() == shape)
      return value;
    return make<ReshapeOp>(head.loss, value, shape);
  }

  /// The rows of the matmul's operand that the loss reads, as a matrix: what reshapes and
  /// slices do to the logits' rows, done to these.
  Value makeHidden() {
    Value hidden = head.matmul.getLhs();
    int64_t width = head.getWidth();
    for (Operation *op : head.between) {
      if (auto slice = dyn_cast<SliceOp>(op)) {
        SmallVector<int64_t> offsets(slice.getOffsets()), sizes(slice.getSizes()),
            strides(slice.getStrides());
        offsets.back() = 0;
        sizes.back() = width;
        strides.back() = 1;
        hidden = make<SliceOp>(op, hidden, offsets, sizes, strides);
      } else if (isa<ReshapeOp>(op)) {
        SmallVector<int64_t> shape(
            cast<RankedTensorType>(op->getResult(0).getType()).getShape());
        shape.back() = width;
        hidden = reshape(hidden, shape);
      }
    }
    return reshape(hidden, {head.getRows(), width});
  }

  Value makeLabels() { return reshape(head.loss.getLabels(), {head.getRows()}); }

  Value splat(RankedTensorType type, Attribute value) {
    return make<ConstantOp>(head.loss,
                            cast<ElementsAttr>(DenseElementsAttr::get(type, value)));
  }

  /// The number of labels that count, from the labels alone: no chunk waits for another.
  Value countLabels(Value labels) {
    Type statistic = getElementTypeOrSelf(head.loss.getLoss().getType());
    auto scalar = RankedTensorType::get({}, statistic);
    auto label = RankedTensorType::get({}, getElementTypeOrSelf(labels.getType()));
    int64_t ignored = static_cast<int64_t>(head.loss.getIgnoreIndex());
    Value isValid = make<CompareOp>(
        head.loss, labels,
        splat(label, builder.getIntegerAttr(label.getElementType(), ignored)),
        Predicate::NE);
    Value ones = make<SelectOp>(head.loss, isValid,
                                splat(scalar, builder.getFloatAttr(statistic, 1)),
                                splat(scalar, builder.getFloatAttr(statistic, 0)));
    return make<ReduceSumOp>(head.loss, ones, ArrayRef<int64_t>{0});
  }

  Value sliceRows(Value value, int64_t first, int64_t count) {
    SmallVector<int64_t> sizes(cast<RankedTensorType>(value.getType()).getShape());
    SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
    offsets[0] = first;
    sizes[0] = count;
    return make<SliceOp>(head.loss, value, offsets, sizes, strides);
  }

  /// What the head computes from these rows of hidden.
  Value makeLogits(Value rows, int64_t count) {
    Value x =
        make<MatmulOp>(head.matmul, rows, head.matmul.getRhs(), Value(), false,
                       head.matmul.getTransposeRhs(), head.matmul.getResultTypeAttr());
    for (Operation *op : head.between) {
      if (isa<ReshapeOp, SliceOp>(op))
        continue;
      IRMapping mapping;
      Value carrier = op->getOperand(getRowOperand(op));
      for (Value operand : op->getOperands()) {
        auto type = cast<RankedTensorType>(operand.getType());
        if (operand == carrier)
          mapping.map(operand, x);
        else if (type.getRank() > 1)
          mapping.map(operand, reshape(operand, type.getShape().take_back()));
      }
      Operation *clone = builder.clone(*op, mapping);
      auto type = cast<RankedTensorType>(clone->getResult(0).getType());
      clone->getResult(0).setType(type.clone({count, head.getClasses()}));
      mark(clone, op);
      x = clone->getResult(0);
    }
    return x;
  }

  /// The whole logits go, unless the graph returns them.
  void eraseUnused() {
    head.loss.erase();
    for (Operation *op : llvm::reverse(head.between))
      if (op->use_empty())
        op->erase();
    if (head.matmul->use_empty())
      head.matmul.erase();
  }

  Head head;
  int64_t chunkRows;
  OpBuilder builder;
  /// The chunk that ops belong to as they are made, or -1.
  int64_t chunk = -1;
};

struct ChunkLoss : train::impl::TrainChunkLossBase<ChunkLoss> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (rows < 0) {
      module.emitError(
          "the rows per chunk must be positive, or 0 to choose by rule, got ")
          << rows.getValue();
      return signalPassFailure();
    }
    for (auto graph : module.getOps<GraphOp>())
      if (failed(visit(graph)))
        return signalPassFailure();
  }

private:
  LogicalResult visit(GraphOp graph) {
    SmallVector<CrossEntropyOp> losses;
    graph.walk([&](CrossEntropyOp loss) { losses.push_back(loss); });
    SmallVector<std::pair<Location, std::string>> reasons;
    bool found = false;
    for (CrossEntropyOp loss : losses) {
      std::string why;
      std::optional<Head> head = findHead(loss, why);
      if (head) {
        Readers readers(graph, *head);
        if (!readers.readsLoss)
          why = "does not lead to the graph's loss";
        else if (readers.readsLogits)
          why = "is not the only reader of its logits that leads to the graph's loss";
      }
      if (!why.empty()) {
        remark::missed(loss.getLoc(),
                       remark::RemarkOpts::name("NoHead").category("train-chunk-loss"))
            << remark::add("the loss {0}", why);
        reasons.push_back({loss.getLoc(), why});
        continue;
      }
      found = true;
      if (failed(split(*head)))
        return failure();
    }
    if (found || rows == 0)
      return success();
    InFlightDiagnostic diagnostic =
        graph.emitOpError("has no loss whose rows could be split into chunks of ")
        << rows.getValue()
        << ": that takes a cross-entropy of the rows of a matmul with one matrix";
    for (const auto &[loc, why] : reasons)
      diagnostic.attachNote(loc) << "this loss " << why;
    return diagnostic;
  }

  LogicalResult split(const Head &head) {
    int64_t all = head.getRows(), bytes = head.getRowBytes();
    int64_t each = rows == 0 ? chooseRows(head) : std::min<int64_t>(rows, all);
    auto options = remark::RemarkOpts::name("ChunkedLoss").category("train-chunk-loss");
    Location loc = head.loss->getLoc();
    if (each >= all) {
      remark::missed(loc, options)
          << remark::add("all {0} rows in one piece", all) << remark::metric("rows", all)
          << remark::metric("logits_bytes", all * bytes);
      return success();
    }
    if (int64_t chunks = llvm::divideCeil(all, each); chunks > kMostChunks)
      return head.loss->emitOpError("would become ")
             << chunks << " chunks of " << each << " rows; at most " << kMostChunks
             << " are possible, with " << llvm::divideCeil(all, kMostChunks)
             << " rows or more";
    remark::passed(loc, options)
        << remark::add("split {0} rows into chunks of {1}", all, each)
        << remark::metric("rows", all) << remark::metric("chunk_rows", each)
        << remark::metric("chunks", llvm::divideCeil(all, each))
        << remark::metric("logits_bytes", all * bytes)
        << remark::metric("chunk_bytes", each * bytes);
    ChunkWriter(head, each).run();
    return success();
  }
};

} // namespace
