// Row program of dropout, and the random words that it shares with rounding at random:
// Philox4x32-10 in vectors, four elements of a sample per counter.
#include "Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

// One word of a value of 64 bits, as i32.
static int lowWord(rows::Builder &b, int x, unsigned shift) {
  return b.compute("word" + std::to_string(shift), IntegerType::get(b.getContext(), 32),
                   {x}, [shift](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                     Value value = in[0];
                     if (shift)
                       value = arith::ShRUIOp::create(
                           b, value, constantLike(b, value.getType(), shift));
                     return arith::TruncIOp::create(
                         b, withElement(value.getType(), b.getI32Type()), value);
                   });
}

static Value constantWord(ImplicitLocOpBuilder &b, Type like, uint32_t value) {
  return constantLike(b, like, static_cast<double>(static_cast<int32_t>(value)));
}

// The ten rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011),
// and the output word that the lowest two bits of the element ask for.
static Value emitPhilox(ImplicitLocOpBuilder &b, Value element, Value site, Value step,
                        Value sample, Value key0, Value key1) {
  Type type = element.getType();
  Value c0 = arith::ShRUIOp::create(b, element, constantWord(b, type, 2));
  Value c1 = site, c2 = step, c3 = sample;
  Value multiplier0 = constantWord(b, type, 0xD2511F53u),
        multiplier1 = constantWord(b, type, 0xCD9E8D57u);
  for (int round = 0; round < 10; ++round) {
    if (round) {
      key0 = arith::AddIOp::create(b, key0, constantWord(b, type, 0x9E3779B9u));
      key1 = arith::AddIOp::create(b, key1, constantWord(b, type, 0xBB67AE85u));
    }
    auto product0 = arith::MulUIExtendedOp::create(b, c0, multiplier0);
    auto product1 = arith::MulUIExtendedOp::create(b, c2, multiplier1);
    c0 = arith::XOrIOp::create(b, arith::XOrIOp::create(b, product1.getHigh(), c1), key0);
    c2 = arith::XOrIOp::create(b, arith::XOrIOp::create(b, product0.getHigh(), c3), key1);
    c1 = product1.getLow();
    c3 = product0.getLow();
  }
  Value word = arith::AndIOp::create(b, element, constantWord(b, type, 3));
  auto pick = [&](uint32_t number, Value yes, Value no) -> Value {
    Value is = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, word,
                                     constantWord(b, type, number));
    return arith::SelectOp::create(b, is, yes, no);
  };
  return pick(0, c0, pick(1, c1, pick(2, c2, c3)));
}

static int addInts(rows::Builder &b, int x, int y) {
  return b.compute("addi", b.typeOf(x), {x, y},
                   [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                     return arith::AddIOp::create(b, in[0], in[1]);
                   });
}

// The sample that the current element belongs to (i64) and its number in the sample
// (i32).
static std::pair<int, int> locate(rows::Builder &b, int64_t columns, int64_t perSample) {
  auto divide = [&](int x, bool remainder) {
    return b.compute((remainder ? "rem" : "quot") + std::to_string(perSample),
                     b.typeOf(x), {x},
                     [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                       Value divisor = constantLike(b, in[0].getType(), perSample);
                       if (remainder)
                         return arith::RemUIOp::create(b, in[0], divisor);
                       return arith::DivUIOp::create(b, in[0], divisor);
                     });
  };
  int row = b.rowIndex();
  int start = b.compute("rowstart" + std::to_string(columns), b.typeOf(row), {row},
                        [columns](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                          return arith::MulIOp::create(
                              b, in[0], constantLike(b, in[0].getType(), columns));
                        });
  // Rows that lie within one sample, as nearly always: only the column is left to the
  // lanes.
  if (columns > 0 && perSample % columns == 0)
    return {divide(start, false),
            addInts(b, lowWord(b, divide(start, true), 0), b.columnIndex())};
  int column = b.compute("wide", b.typeOf(row), {b.columnIndex()},
                         [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                           return arith::ExtUIOp::create(
                               b, withElement(in[0].getType(), b.getI64Type()), in[0]);
                         });
  int place = addInts(b, start, column);
  return {divide(place, false), lowWord(b, divide(place, true), 0)};
}

int rows::randomWord(rows::Builder &b, Value key, int64_t site, int64_t count,
                     int64_t samples) {
  auto [sampleInStep, element] =
      locate(b, b.getDomain().back(), std::max<int64_t>(count / samples, 1));
  auto keyPart = [&](int64_t part) { return b.loadElement(key, part); };
  int seed = keyPart(0), step = keyPart(1), first = keyPart(2);
  int sample = lowWord(b, addInts(b, first, sampleInStep), 0);
  int siteWord = lowWord(b, b.parameter(site), 0);
  return b.compute("philox", b.typeOf(element),
                   {element, siteWord, lowWord(b, step, 0), sample, lowWord(b, seed, 0),
                    lowWord(b, seed, 32)},
                   [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                     return emitPhilox(b, in[0], in[1], in[2], in[3], in[4], in[5]);
                   });
}

void rows::addRandomExpansions(ExpansionTable &table) {
  table.elementwise<DropoutOp>(
      [](Context &context, DropoutOp op) {
        rows::Builder &b = context.b;
        int x = context.operand(op.getX());
        int word = randomWord(b, context.resolve(op.getKey()), op.getSite(),
                              countOf(op.getX()), op.getSamples());
        double rate = op.getRate().convertToDouble();
        // u >= rate with u = (word >> 8) * 2^-24, as integers: word >> 8 >= ceil(rate *
        // 2^24).
        double threshold = std::ceil(std::ldexp(rate, 24));
        int kept = b.compute(
            "kept" + std::to_string(threshold), IntegerType::get(b.getContext(), 1),
            {word}, [threshold](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
              Type type = in[0].getType();
              Value u = arith::ShRUIOp::create(b, in[0], constantLike(b, type, 8));
              return arith::CmpIOp::create(b, arith::CmpIPredicate::uge, u,
                                           constantLike(b, type, threshold));
            });
        int scaled = b.mul(x, b.constant(b.typeOf(x), 1 / (1 - rate)));
        context.result(op.getY(), b.select(kept, scaled, b.constant(b.typeOf(x), 0)));
      },
      /*keepsRows=*/true);
}
