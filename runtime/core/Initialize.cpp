// Initial values. See Initialize.h.
#include "train/rt/Initialize.h"

#include "train/rt/Random.h"
#include "train/rt/Scalar.h"

#include <cstring>
#include <map>
#include <string_view>

namespace train::rt {
namespace {

struct Fill {
  const TrainSymbol &symbol;
  const RandomStream stream;
  Scalar type;
  uint8_t *data;
  uint64_t elements;
};

double valueAt(const Fill &fill, uint64_t index) {
  const TrainSymbol &symbol = fill.symbol;
  switch (symbol.init) {
  case TRAIN_INIT_NORMAL:
    return symbol.init_a + symbol.init_b * fill.stream.normal(index);
  case TRAIN_INIT_UNIFORM:
    return symbol.init_a + (symbol.init_b - symbol.init_a) * fill.stream.uniform(index);
  case TRAIN_INIT_CONSTANT:
    return symbol.init_a;
  }
  return 0;
}

void store(const Fill &fill, uint64_t index, double value) {
  uint8_t *target = fill.data + index * scalarBytes(fill.type);
  if (isFloat(fill.type)) {
    convertElements(Scalar::F64, &value, fill.type, target, 1);
    return;
  }
  // Constants of integer symbols (counters, flags) are whole numbers in the IR.
  int64_t whole = int64_t(value);
  convertElements(Scalar::I64, &whole, fill.type, target, 1);
}

void fillThread(void *context, int thread, int threads) {
  const Fill &fill = *static_cast<const Fill *>(context);
  uint64_t begin = fill.elements / threads * thread;
  uint64_t end =
      thread + 1 == threads ? fill.elements : fill.elements / threads * (thread + 1);
  uint64_t i = begin;
  if (fill.symbol.init == TRAIN_INIT_NORMAL) {
    for (; i % 2 && i < end; ++i)
      store(fill, i, valueAt(fill, i));
    // Two for the price of one: the initial values of a large model take seconds.
    for (; i + 1 < end; i += 2) {
      auto [first, second] = fill.stream.normalPair(i / 2);
      store(fill, i, fill.symbol.init_a + fill.symbol.init_b * first);
      store(fill, i + 1, fill.symbol.init_a + fill.symbol.init_b * second);
    }
  }
  for (; i < end; ++i)
    store(fill, i, valueAt(fill, i));
}

struct Rounding {
  const TrainTensor &master;
  const TrainTensor &copy;
  uint8_t *arena;
};

void roundThread(void *context, int thread, int threads) {
  const Rounding &rounding = *static_cast<const Rounding *>(context);
  Scalar from = scalarOf(TrainType(rounding.master.type)),
         to = scalarOf(TrainType(rounding.copy.type));
  uint64_t elements = rounding.copy.bytes / scalarBytes(to);
  uint64_t begin = elements / threads * thread;
  uint64_t end = thread + 1 == threads ? elements : elements / threads * (thread + 1);
  convertElements(
      from, rounding.arena + rounding.master.offset + begin * scalarBytes(from), to,
      rounding.arena + rounding.copy.offset + begin * scalarBytes(to), end - begin);
}

} // namespace

void deriveSymbols(const TrainExecutable &executable, uint8_t *arena, Team &team) {
  std::map<std::string_view, const TrainTensor *> tensors;
  for (uint32_t i = 0; i < executable.symbol_count; ++i)
    tensors[executable.symbols[i].tensor.name] = &executable.symbols[i].tensor;
  for (uint32_t i = 0; i < executable.symbol_count; ++i) {
    const TrainSymbol &symbol = executable.symbols[i];
    if (symbol.role == TRAIN_ROLE_LITERAL && symbol.tensor.bytes)
      std::memcpy(arena + symbol.tensor.offset, symbol.init_data, symbol.tensor.bytes);
    if (symbol.init != TRAIN_INIT_COPY)
      continue;
    Rounding rounding = {*tensors.at(symbol.owner), symbol.tensor, arena};
    team.run(roundThread, &rounding);
  }
}

void initializeSymbols(const TrainExecutable &executable, uint64_t seed, uint8_t *arena,
                       Team &team) {
  for (uint32_t i = 0; i < executable.symbol_count; ++i) {
    const TrainSymbol &symbol = executable.symbols[i];
    const TrainTensor &tensor = symbol.tensor;
    uint8_t *data = arena + tensor.offset;
    if (symbol.init == TRAIN_INIT_ZEROS) {
      std::memset(data, 0, tensor.bytes);
    } else if (symbol.init == TRAIN_INIT_LITERAL) {
      if (tensor.bytes)
        std::memcpy(data, symbol.init_data, tensor.bytes);
    } else if (symbol.init != TRAIN_INIT_COPY) {
      Scalar type = scalarOf(TrainType(tensor.type));
      Fill fill = {symbol, RandomStream(seed, tensor.name), type, data,
                   tensor.bytes / scalarBytes(type)};
      team.run(fillThread, &fill);
    }
  }
}

} // namespace train::rt
