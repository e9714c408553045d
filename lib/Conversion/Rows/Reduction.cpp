// Row programs of plain reductions and of softmax.
#include "Expansion.h"
#include "train/Conversion/VectorMath.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

//===-- Reductions over any dimensions ----------------------------------------===//

// A reduction walks runs of dimensions that are all reduced or all kept. They alternate.
struct Run {
  int64_t size;
  bool reduced;
};

static SmallVector<Run> runsOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  SmallVector<Run> runs;
  for (auto [i, size] : llvm::enumerate(shape)) {
    bool reduced = llvm::is_contained(dims, static_cast<int64_t>(i));
    if (size == 1)
      continue;
    if (!runs.empty() && runs.back().reduced == reduced)
      runs.back().size *= size;
    else
      runs.push_back({size, reduced});
  }
  return runs;
}

static int64_t elementsOf(ArrayRef<Run> runs) {
  int64_t elements = 1;
  for (const Run &run : runs)
    elements *= run.size;
  return elements;
}

// Reduces run after run from the innermost outwards, through temporaries; `scale`
// multiplies the last result (a mean's 1/n).
static void reduceRuns(Sequence &sequence, Value x, Value result, SmallVector<Run> runs,
                       Reduction reduction, double scale) {
  MLIRContext *context = x.getContext();
  Type type = getComputeType(elementOf(x));
  int64_t source = -1; // the temporary that holds what is reduced next; -1: the operand
  auto load = [&](rows::Builder &b, ArrayRef<int64_t> shape) {
    return source < 0 ? b.load(x, shape) : b.loadTemporary(source, type, shape);
  };
  auto storeFinal = [&](rows::Builder &b, int node, ArrayRef<int64_t> shape) {
    b.store(scale == 1 ? node : b.mul(node, b.constant(type, scale)), result, shape);
  };
  size_t left = llvm::count_if(runs, [](const Run &run) { return run.reduced; });
  if (left == 0) { // only sizes of 1 are reduced
    int64_t count = countOf(x);
    rows::Builder b(context, {count}, /*keepsRows=*/false);
    int node = b.load(x, {count});
    // A sum starts from 0, so that one of -0 alone is 0.
    storeFinal(b, reduction == Reduction::Sum ? b.add(node, b.constant(type, 0)) : node,
               {count});
    sequence.programs.push_back(b.finish());
    return;
  }
  while (left--) {
    bool last = left == 0;
    Run inner = runs.pop_back_val();
    if (inner.reduced) {
      int64_t rows = elementsOf(runs);
      rows::Builder b(context, {rows, inner.size}, /*keepsRows=*/true);
      int node = b.reduce(reduction, load(b, {rows, inner.size}));
      if (last) {
        storeFinal(b, node, {rows, 1});
      } else {
        source = sequence.reserve(rows * getElementBytes(type));
        b.storeTemporary(node, source, type, {rows, 1});
      }
      sequence.programs.push_back(b.finish());
      continue;
    }
    int64_t reduced = runs.pop_back_val().size, outer = elementsOf(runs);
    int64_t target =
        last ? -1 : sequence.reserve(outer * inner.size * getElementBytes(type));
    reduceRows(
        sequence, context, reduction, outer, reduced, inner.size, type,
        [&](rows::Builder &b) -> SmallVector<int> {
          return {load(b, {outer, reduced, inner.size})};
        },
        [&](rows::Builder &b, ArrayRef<int> nodes) {
          if (last)
            storeFinal(b, nodes[0], {outer, 1, inner.size});
          else
            b.storeTemporary(nodes[0], target, type, {outer, 1, inner.size});
        });
    source = target;
    // The kept run now touches the next one outwards, which is kept too.
    if (!runs.empty())
      inner.size *= runs.pop_back_val().size;
    runs.push_back(inner);
  }
}

template <typename Op>
static void addReduce(ExpansionTable &table, Reduction reduction, bool mean) {
  auto scaleOf = [mean](Op op) {
    if (!mean)
      return 1.0;
    double count = 1;
    for (int64_t dim : op.getDims())
      count *= shapeOf(op.getX())[dim];
    return 1.0 / count;
  };
  table.sequence<Op>([=](Sequence &sequence, Op op) {
    ArrayRef<int64_t> shape = shapeOf(op.getX());
    // All of a tensor: in pieces that threads can share.
    if (op.getDims().size() == shape.size() && countOf(op.getX()) > 1) {
      Value x = op.getX();
      Type type = getComputeType(elementOf(x));
      auto [rows, columns] = splitForReduction(countOf(x));
      reduceAll(
          sequence, x, reduction,
          [&, rows = rows, columns = columns](rows::Builder &b) {
            return b.load(x, {rows, columns});
          },
          [&](rows::Builder &b, int node) {
            double scale = scaleOf(op);
            b.store(scale == 1 ? node : b.mul(node, b.constant(type, scale)),
                    op.getResult(), {1, 1});
          },
          type);
      return;
    }
    reduceRuns(sequence, op.getX(), op.getResult(), runsOf(shape, op.getDims()),
               reduction, scaleOf(op));
  });
  // Over the last dimension alone it fits in one program, and in a fusion.
  table.add<Op>(
      [=](Context &context, Op op) {
        int node = context.b.reduce(reduction, context.operand(op.getX()));
        double scale = scaleOf(op);
        if (scale != 1)
          node = context.b.mul(node, context.b.constant(elementOf(op.getX()), scale));
        context.result(op.getResult(), node, /*perRow=*/!op.getKeepDims());
      },
      [](Operation *op) -> std::optional<DomainNeed> {
        auto reduce = cast<Op>(op);
        ArrayRef<int64_t> shape = shapeOf(reduce.getX());
        if (reduce.getDims().size() != 1 || shape.size() < 2 ||
            reduce.getDims()[0] + 1 != static_cast<int64_t>(shape.size()))
          return std::nullopt;
        return DomainNeed{SmallVector<int64_t>(shape), true};
      });
}

//===-- Softmax ---------------------------------------------------------------===//

void rows::addReductionExpansions(ExpansionTable &table) {
  addReduce<ReduceSumOp>(table, Reduction::Sum, /*mean=*/false);
  addReduce<ReduceMeanOp>(table, Reduction::Sum, /*mean=*/true);
  addReduce<ReduceMaxOp>(table, Reduction::Max, /*mean=*/false);

  table.alongRows<SoftmaxOp>([](Context &context, SoftmaxOp op) {
    rows::Builder &b = context.b;
    int x = context.operand(op.getX());
    int exps = b.apply("exp", vmath::exp, b.sub(x, b.reduce(Reduction::Max, x)));
    context.result(op.getY(), b.div(exps, b.reduce(Reduction::Sum, exps)));
  });
  table.alongRows<LogSoftmaxOp>([](Context &context, LogSoftmaxOp op) {
    rows::Builder &b = context.b;
    int x = context.operand(op.getX());
    int shifted = b.sub(x, b.reduce(Reduction::Max, x));
    int sum = b.reduce(Reduction::Sum, b.apply("exp", vmath::exp, shifted));
    context.result(op.getY(), b.sub(shifted, b.apply("log", vmath::log, sum)));
  });
}
