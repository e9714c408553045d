// Row programs of batch_norm: an NC... tensor is a domain [N, C, S] with S the rest;
// statistics of a channel are summed along S first, then over N.
#include "Expansion.h"
#include "train/Conversion/VectorMath.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

struct ChannelShape {
  int64_t samples, channels, spatial;
  SmallVector<int64_t> full() const { return {samples, channels, spatial}; }
  SmallVector<int64_t> perChannel() const { return {1, channels, 1}; }
  double count() const { return double(samples) * spatial; }
};

static ChannelShape channelsOf(Value x) {
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t spatial = 1;
  for (int64_t size : shape.drop_front(2))
    spatial *= size;
  return {shape[0], shape[1], spatial};
}

static int rstdOf(rows::Builder &b, int variance, double eps) {
  return b.apply("rsqrt", vmath::rsqrt,
                 b.add(variance, b.constant(b.typeOf(variance), eps)));
}

// Sums each of `terms` over samples and space: one value per channel. `finish` gets the
// sums in a domain [1, 1, C].
static void sumChannels(Sequence &sequence, MLIRContext *context, ChannelShape shape,
                        Type type, function_ref<SmallVector<int>(rows::Builder &)> terms,
                        function_ref<void(rows::Builder &, ArrayRef<int>)> finish) {
  rows::Builder first(context, shape.full(), /*keepsRows=*/true);
  SmallVector<int64_t> temporaries;
  for (int term : terms(first)) {
    temporaries.push_back(
        sequence.reserve(shape.samples * shape.channels * getElementBytes(type)));
    first.storeTemporary(first.reduce(Reduction::Sum, term), temporaries.back(), type,
                         {shape.samples, shape.channels, 1});
  }
  sequence.programs.push_back(first.finish());
  reduceRows(
      sequence, context, Reduction::Sum, 1, shape.samples, shape.channels, type,
      [&](rows::Builder &b) {
        SmallVector<int> nodes;
        for (int64_t temporary : temporaries)
          nodes.push_back(
              b.loadTemporary(temporary, type, {1, shape.samples, shape.channels}));
        return nodes;
      },
      finish);
}

// (x - mean) * rstd * gamma + beta.
static int normalize(rows::Builder &b, int x, int gamma, int beta, int mean, int var,
                     double eps) {
  int xhat = b.mul(b.sub(x, mean), rstdOf(b, var, eps));
  return b.add(b.mul(xhat, gamma), beta);
}

// A value per channel, in the domain of a tensor of this rank.
static int perChannel(Context &context, Value value, size_t rank) {
  Value source = context.resolve(value);
  auto constant = source.getDefiningOp<ConstantOp>();
  if (constant && constant.getSplatValue())
    return context.operand(value);
  SmallVector<int64_t> shape(rank, 1);
  shape[1] = countOf(source);
  return context.b.load(source, shape);
}

void rows::addBatchNormExpansions(ExpansionTable &table) {
  table.sequence<BatchNormOp>([](Sequence &sequence, BatchNormOp op) {
    Value x = op.getX();
    ChannelShape shape = channelsOf(x);
    Type type = getComputeType(elementOf(x));
    SmallVector<int64_t> result{1, 1, shape.channels};
    auto storeMean = [&](Value target) {
      return [&, target](rows::Builder &b, ArrayRef<int> sums) {
        b.store(b.mul(sums[0], b.constant(type, 1.0 / shape.count())), target, result);
      };
    };
    sumChannels(
        sequence, op.getContext(), shape, type,
        [&](rows::Builder &b) -> SmallVector<int> { return {b.load(x, shape.full())}; },
        storeMean(op.getMean()));
    sumChannels(
        sequence, op.getContext(), shape, type,
        [&](rows::Builder &b) -> SmallVector<int> {
          int centered =
              b.sub(b.load(x, shape.full()), b.load(op.getMean(), shape.perChannel()));
          return {b.mul(centered, centered)};
        },
        storeMean(op.getVar()));
    rows::Builder b(op.getContext(), shape.full(), /*keepsRows=*/false);
    auto channel = [&](Value value) { return b.load(value, shape.perChannel()); };
    b.store(normalize(b, b.load(x, shape.full()), channel(op.getGamma()),
                      channel(op.getBeta()), channel(op.getMean()), channel(op.getVar()),
                      op.getEps().convertToDouble()),
            op.getY(), shape.full());
    sequence.programs.push_back(b.finish());
  });
  // One program, so that it can be part of a fusion: computed again in backward, it
  // stands before a relu or inside of who reads that.
  table.elementwise<BatchNormInferenceOp>([](Context &context, BatchNormInferenceOp op) {
    auto channel = [&](Value value) {
      return perChannel(context, value, shapeOf(op.getX()).size());
    };
    context.result(op.getY(), normalize(context.b, context.operand(op.getX()),
                                        channel(op.getGamma()), channel(op.getBeta()),
                                        channel(op.getMean()), channel(op.getVar()),
                                        op.getEps().convertToDouble()));
  });
  table.sequence<BatchNormParamGradOp>([](Sequence &sequence, BatchNormParamGradOp op) {
    ChannelShape shape = channelsOf(op.getX());
    SmallVector<int64_t> channel = shape.perChannel(), result{1, 1, shape.channels};
    sumChannels(
        sequence, op.getContext(), shape, getComputeType(elementOf(op.getX())),
        [&](rows::Builder &b) -> SmallVector<int> {
          int dy = b.load(op.getDy(), shape.full());
          int rstd =
              rstdOf(b, b.load(op.getVar(), channel), op.getEps().convertToDouble());
          int centered =
              b.sub(b.load(op.getX(), shape.full()), b.load(op.getMean(), channel));
          return {b.mul(dy, b.mul(centered, rstd)), dy};
        },
        [&](rows::Builder &b, ArrayRef<int> sums) {
          b.store(sums[0], op.getDgamma(), result);
          b.store(sums[1], op.getDbeta(), result);
        });
  });
  // dx = gamma * rstd * (dy - dbeta / n - xhat * dgamma / n)
  table.sequence<BatchNormBackwardOp>([](Sequence &sequence, BatchNormBackwardOp op) {
    ChannelShape shape = channelsOf(op.getX());
    rows::Builder b(op.getContext(), shape.full(), /*keepsRows=*/false);
    SmallVector<int64_t> channel = shape.perChannel();
    int rstd = rstdOf(b, b.load(op.getVar(), channel), op.getEps().convertToDouble());
    int inverse = b.constant(elementOf(op.getX()), 1.0 / shape.count());
    int xhat = b.mul(
        b.sub(b.load(op.getX(), shape.full()), b.load(op.getMean(), channel)), rstd);
    int shared = b.mul(xhat, b.mul(b.load(op.getDgamma(), channel), inverse));
    int shift = b.mul(b.load(op.getDbeta(), channel), inverse);
    int inner = b.sub(b.sub(b.load(op.getDy(), shape.full()), shift), shared);
    b.store(b.mul(b.mul(b.load(op.getGamma(), channel), rstd), inner), op.getDx(),
            shape.full());
    sequence.programs.push_back(b.finish());
  });
  table.elementwise<RunningAverageOp>([](Context &context, RunningAverageOp op) {
    rows::Builder &b = context.b;
    double momentum = op.getMomentum().convertToDouble();
    Type type = elementOf(op.getOld());
    int old = b.mul(context.operand(op.getOld()), b.constant(type, 1 - momentum));
    int update = b.mul(context.operand(op.getValue()),
                       b.constant(type, momentum * op.getScale().convertToDouble()));
    context.result(op.getResult(), b.add(old, update));
  });
}
