// The search for NaNs. See FiniteCheck.h.
#include "train/rt/FiniteCheck.h"

#include "train/rt/Scalar.h"
#include "train/rt/Symbols.h"
#include "train/rt/Text.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

namespace train::rt {
namespace {

// A float is not finite if its exponent is all ones.
struct Exponent {
  uint64_t width, mask;
};
Exponent exponentOf(Scalar type) {
  switch (type) {
  case Scalar::F64:
    return {8, 0x7ff0000000000000};
  case Scalar::F16:
    return {2, 0x7c00};
  case Scalar::BF16:
    return {2, 0x7f80};
  default:
    return {4, 0x7f800000};
  }
}

template <typename Word>
bool hasAllOnes(const uint8_t *data, uint64_t begin, uint64_t end, Word mask) {
  // Without a way out of the loop, so that it is vectorized.
  bool found = false;
  for (uint64_t i = begin; i < end; ++i) {
    Word word;
    std::memcpy(&word, data + i * sizeof(Word), sizeof(Word));
    found |= (word & mask) == mask;
  }
  return found;
}

struct Scan {
  const uint8_t *data;
  uint64_t elements;
  Exponent exponent;
  std::atomic<bool> found{false};
};

void scanThread(void *context, int thread, int threads) {
  Scan &scan = *static_cast<Scan *>(context);
  uint64_t begin = scan.elements / threads * thread;
  uint64_t end =
      thread + 1 == threads ? scan.elements : scan.elements / threads * (thread + 1);
  bool found =
      scan.exponent.width == 8
          ? hasAllOnes<uint64_t>(scan.data, begin, end, scan.exponent.mask)
      : scan.exponent.width == 4
          ? hasAllOnes<uint32_t>(scan.data, begin, end, uint32_t(scan.exponent.mask))
          : hasAllOnes<uint16_t>(scan.data, begin, end, uint16_t(scan.exponent.mask));
  if (found)
    scan.found.store(true, std::memory_order_relaxed);
}

} // namespace

Status FiniteCheck::check(uint64_t offset, uint64_t bytes, TrainType tensorType,
                          const std::string &what) {
  Scalar type = scalarOf(tensorType);
  if (!isFloat(type) || bytes == 0)
    return Status::success();
  Exponent exponent = exponentOf(type);
  Scan scan = {arena + offset, bytes / exponent.width, exponent};
  // Waking the team costs more than a small tensor.
  if (bytes < (1 << 16))
    scanThread(&scan, 0, 1);
  else
    team.run(scanThread, &scan);
  if (!scan.found.load())
    return Status::success();
  for (uint64_t i = 0; i < scan.elements; ++i) {
    double value = elementAsDouble(type, scan.data, i);
    auto place = [&](const char *kind) {
      return format("%s in element %llu of %llu of %s", kind, (unsigned long long)i,
                    (unsigned long long)scan.elements, what.c_str());
    };
    if (std::isnan(value) && skipsSteps) {
      if (nan.empty())
        nan = place("the first nan was");
      return Status::success();
    }
    if (std::isnan(value))
      return Status::error(ErrorKind::Diverged,
                           place("nan") +
                               (infinity.empty() ? "" : "; before it, " + infinity));
    if (std::isinf(value) && infinity.empty())
      infinity = place("the first infinity was");
  }
  return Status::success();
}

void FiniteCheck::beginPass(const TrainProgram &program) {
  infinity.clear();
  nan.clear();
  skipsSteps = findOutput(program, "skipped") != nullptr;
}

std::string FiniteCheck::firstOverflow() const {
  return infinity.empty() ? nan : nan.empty() ? infinity : infinity + ", " + nan;
}

Status FiniteCheck::checkSymbols() {
  for (const TrainSymbol *symbol : symbolsByName(executable)) {
    const TrainTensor &tensor = symbol->tensor;
    TRAIN_RT_RETURN_IF_ERROR(check(tensor.offset, tensor.bytes, TrainType(tensor.type),
                                   format("'%s' before the first step", tensor.name)));
  }
  return Status::success();
}

Status FiniteCheck::checkInputs(const TrainProgram &program) {
  for (uint32_t i = 0; i < program.input_count; ++i) {
    const TrainTensor &tensor = program.inputs[i].tensor;
    TRAIN_RT_RETURN_IF_ERROR(check(tensor.offset, tensor.bytes, TrainType(tensor.type),
                                   format("input '%s'", tensor.name)));
  }
  return Status::success();
}

Status FiniteCheck::checkCommand(const TrainProgram &program, const TrainCommand &command,
                                 uint32_t number) {
  const TrainWrite *end = program.writes + program.write_count;
  const TrainWrite *write =
      std::lower_bound(program.writes, end, number,
                       [](const TrainWrite &w, uint32_t n) { return w.last < n; });
  for (; write != end && write->last == number; ++write)
    TRAIN_RT_RETURN_IF_ERROR(
        check(write->offset, write->bytes, TrainType(write->type),
              format("the result of %s at %s (program '%s', command %u)",
                     executable.locations[command.name],
                     executable.locations[command.location], program.name, number)));
  return Status::success();
}

} // namespace train::rt
