// Where values come from: inputs, embedded ids. And the choice among all bricks.
#include "Bricks.h"

using namespace mlir;
using namespace train;
using namespace train::fuzz;

Bricks::Bricks(GraphBuilder &builder, Draw &draw) : b(builder), draw(draw) {
  batch = draw.one({1, 2, 2, 3, 3, 4, 5});
  for (int i = 0; i < 5; ++i)
    widths.push_back(draw.one({1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 31, 32, 33, 48}));
  widths.push_back(draw.one({8, 16, 12}));
  tieOften = draw.chance(30);
}

Term Bricks::vectorInput() {
  return b.input("x" + Twine(inputs++), {batch, width()}, b.builder.getF32Type());
}

Term Bricks::imageInput() {
  int64_t channels = draw.between(1, 6);
  int64_t height = draw.one({1, 4, 5, 7, 8, 9, 12, 16}), width = height;
  if (draw.chance(50))
    width = draw.one({1, 3, 6, 8, 11, 16});
  return b.input("x" + Twine(inputs++), {batch, channels, height, width},
                 b.builder.getF32Type());
}

Term Bricks::embed(ArrayRef<int64_t> positions, int64_t width) {
  int64_t rows = draw.one({1, 5, 11, 16, 37, 64});
  Term ids = b.input("ids" + Twine(rows) + "_" + Twine(inputs++), positions,
                     draw.chance(80) ? b.builder.getI32Type() : b.builder.getI64Type());
  Term table = weight({rows, width}, 4);
  if (draw.chance(20)) // a table that is computed
    table = tame(unary(table));
  return b.term<EmbeddingOp>(table.size, {table}, table.value, ids.value);
}

Term Bricks::sequenceInput() {
  int64_t length = draw.one({1, 3, 4, 7, 8, 9, 16}), features = width();
  if (draw.chance(30))
    return b.input("x" + Twine(inputs++), {batch, length, features},
                   b.builder.getF32Type());
  Term x = embed({batch, length}, features);
  if (draw.chance(60)) {
    Term places = weight({length, features}, 16);
    x = b.term<AddOp>(x.size + places.size, {x, places}, x.value, places.value);
  }
  return tame(x);
}

Term Bricks::source() {
  switch (draw.below(4)) {
  case 0:
    return imageInput();
  case 1:
    return sequenceInput();
  case 2:
    return embed({batch}, width());
  default:
    return vectorInput();
  }
}

// Shares of the families: the more an op costs to get wrong, and the more forms it has,
// the more often it comes.
Term Bricks::step(Term x) {
  Term y = [&]() -> Term {
    if (x.rank() == 4 && draw.chance(35))
      switch (draw.below(8)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return convolve(x);
      case 4:
        return upsample(x);
      case 5:
        return pointwise(x, draw.between(1, 12));
      default:
        return pool(x);
      }
    if (x.rank() == 3 && draw.chance(35))
      switch (draw.below(6)) {
      case 0:
      case 1:
      case 2:
        return attend(x);
      case 3:
        return mixRows(x);
      default:
        return bilinear(x);
      }
    switch (draw.below(32)) {
    case 0:
    case 1:
    case 2:
      return widen(x);
    case 3:
    case 4:
    case 5:
    case 6:
      return normalize(x);
    case 7:
      return reshape(x);
    case 8:
      return transposed(x);
    case 9:
      return sliced(x);
    case 10:
      return padded(x);
    case 11:
      return concatenated(x);
    case 12:
      return repeated(x);
    case 13:
    case 14:
      return reduceAndUse(x);
    case 15:
      return x.rank() > 2 ? reduceAway(x) : reduceAndUse(x);
    case 16:
    case 17:
      return choose(x);
    case 18:
      return b.dropout(x, draw.one({0.0, 0.1, 0.5}));
    case 19:
    case 20:
    case 21:
    case 22:
    case 23:
      return binary(x);
    default:
      return unary(x);
    }
  }();
  return keep(trim(tame(y)));
}
