// Ends of a random graph: losses as models have them, and as people write them by hand.
#include "Bricks.h"
#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::fuzz;

Term Bricks::meanOf(Term x) {
  Shape dims;
  for (int64_t d = 0; d < x.rank(); ++d)
    dims.push_back(d);
  return b.term<ReduceMeanOp>(x.size, {x}, x.value, dims, false);
}

/// [..., classes], by a linear map unless x happens to fit.
Term Bricks::toClasses(Term x, int64_t classes) {
  // One decision per pixel where there is room for it.
  if (x.rank() == 4 && x.elements() / x.dim(1) * classes <= kMaxElements) {
    Term y = pointwise(x, classes);
    return tame(transposeBy(y, {0, 2, 3, 1}));
  }
  while (x.elements() / x.dim(-1) * classes > kMaxElements)
    x = reduceAway(x);
  return tame(linear(x, classes));
}

Term Bricks::crossEntropy(Term x) {
  int64_t classes = draw.one({2, 3, 5, 10, 17});
  Term logits = toClasses(x, classes);
  Shape shape = logits.shape();
  shape.pop_back();
  Term labels =
      b.input("labels" + Twine(classes) + "_" + Twine(inputs++), shape,
              draw.chance(80) ? b.builder.getI32Type() : b.builder.getI64Type());
  return b.term<CrossEntropyOp>(2 * logits.size + 3, {logits}, logits.value, labels.value,
                                /*divisor=*/Value());
}

// -sum(onehot * log softmax), the one-hot by comparing with column numbers.
Term Bricks::likelihood(Term x) {
  int64_t classes = draw.one({2, 3, 7});
  Term logits = toClasses(x, classes);
  Shape shape = logits.shape();
  shape.back() = 1;
  Term labels = b.input("ids" + Twine(classes) + "_" + Twine(inputs++), shape,
                        b.builder.getI32Type());
  auto columnType = RankedTensorType::get({classes}, b.builder.getI32Type());
  Value column = b.make<IotaOp>(columnType, 0);
  Value hit = b.make<CompareOp>(labels.value, column, Predicate::EQ);
  Term logs = b.term<LogSoftmaxOp>(2 * logits.size + 2, {logits}, logits.value);
  Term picked = b.term<SelectOp>(logs.size, {logs}, hit, logs.value, b.scalar(0).value);
  Term mean = meanOf(picked);
  return b.term<NegOp>(mean.size, {mean}, mean.value);
}

Term Bricks::loss(Term x) {
  if (!x.active) { // a trainable map in front, whatever came before
    Term w = b.param({x.dim(-1), 2}, b.normal(0.5), 2, /*frozen=*/false, false);
    x = b.term<MatmulOp>(x.size * x.dim(-1), {x, w}, x.value, w.value, Value(), false,
                         false);
    x = tame(x);
  }
  Term loss = [&]() -> Term {
    switch (draw.below(8)) {
    case 0:
    case 1:
    case 2:
      return crossEntropy(x);
    case 3:
      return likelihood(x);
    case 4:
    case 5: {
      Shape shape = x.shape();
      Term target = b.input("x" + Twine(inputs++), shape, b.builder.getF32Type());
      return b.term<MseOp>(x.size * x.size + 1, {x}, x.value, target.value);
    }
    case 6: { // mean of squares
      Term square = b.term<MulOp>(x.size * x.size, {x}, x.value, x.value);
      return meanOf(square);
    }
    default: { // mean of log cosh, near to |x|
      Term magnitude = b.term<AbsOp>(x.size, {x}, x.value);
      Term twice = scaled(magnitude, -2);
      Term tail = b.term<ExpOp>(1, {twice}, twice.value);
      tail = b.term<AddOp>(2, {tail}, tail.value, b.scalar(1).value);
      tail = b.term<LogOp>(1, {tail}, tail.value);
      Term sum =
          b.term<AddOp>(x.size + 1, {magnitude, tail}, magnitude.value, tail.value);
      return meanOf(sum);
    }
    }
  }();
  if (draw.chance(10)) { // scaled up and down again, as a fixed loss scale would be
    Value scale = b.scalar(draw.one({8.0, 1024.0})).value;
    loss = b.term<ScaleLossOp>(loss.size, {loss}, loss.value, scale);
    loss = b.term<UnscaleOp>(loss.size, {loss}, loss.value, scale);
  }
  return loss;
}

Term Bricks::penalty() {
  const GraphBuilder::Param &param = b.params()[draw.below(b.params().size())];
  Term w = b.read(param.symbol, param.size);
  Term square = b.term<MulOp>(w.size * w.size, {w}, w.value, w.value);
  Shape dims;
  for (int64_t d = 0; d < w.rank(); ++d)
    dims.push_back(d);
  Term sum = b.term<ReduceSumOp>(square.size * w.elements(), {square}, square.value, dims,
                                 false);
  return scaled(sum, 1e-3);
}
