// XXH64 and the hash of the state. See Hash.h.
#include "train/rt/Hash.h"

#include "train/rt/Symbols.h"

#include <cstring>

namespace train::rt {
namespace {

constexpr uint64_t prime1 = 0x9E3779B185EBCA87, prime2 = 0xC2B2AE3D27D4EB4F,
                   prime3 = 0x165667B19E3779F9, prime4 = 0x85EBCA77C2B2AE63,
                   prime5 = 0x27D4EB2F165667C5;

uint64_t rotate(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

template <typename T> T load(const uint8_t *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

uint64_t round(uint64_t lane, uint64_t input) {
  return rotate(lane + input * prime2, 31) * prime1;
}

} // namespace

Hash64::Hash64(uint64_t seed)
    : lanes{seed + prime1 + prime2, seed + prime2, seed, seed - prime1}, seed(seed) {}

void Hash64::update(const void *data, size_t bytes) {
  if (bytes == 0)
    return;
  const auto *from = static_cast<const uint8_t *>(data);
  total += bytes;
  auto stripe = [this](const uint8_t *at) {
    for (int i = 0; i < 4; ++i)
      lanes[i] = round(lanes[i], load<uint64_t>(at + 8 * i));
  };
  if (buffered) {
    size_t take = bytes < 32 - buffered ? bytes : 32 - buffered;
    std::memcpy(buffer + buffered, from, take);
    buffered += take;
    from += take;
    bytes -= take;
    if (buffered < 32)
      return;
    stripe(buffer);
    buffered = 0;
  }
  for (; bytes >= 32; from += 32, bytes -= 32)
    stripe(from);
  std::memcpy(buffer, from, bytes);
  buffered = bytes;
}

uint64_t Hash64::digest() const {
  uint64_t hash;
  if (total >= 32) {
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) +
           rotate(lanes[3], 18);
    for (uint64_t lane : lanes)
      hash = (hash ^ round(0, lane)) * prime1 + prime4;
  } else {
    hash = seed + prime5;
  }
  hash += total;
  const uint8_t *at = buffer, *end = buffer + buffered;
  for (; end - at >= 8; at += 8)
    hash = rotate(hash ^ round(0, load<uint64_t>(at)), 27) * prime1 + prime4;
  if (end - at >= 4) {
    hash = rotate(hash ^ load<uint32_t>(at) * prime1, 23) * prime2 + prime3;
    at += 4;
  }
  for (; at < end; ++at)
    hash = rotate(hash ^ *at * prime5, 11) * prime1;
  hash = (hash ^ hash >> 33) * prime2;
  hash = (hash ^ hash >> 29) * prime3;
  return hash ^ hash >> 32;
}

uint64_t hashState(const TrainExecutable &executable, const uint8_t *arena) {
  Hash64 hash;
  for (const TrainSymbol *symbol : symbolsByName(executable)) {
    if (symbol->role == TRAIN_ROLE_COUNTER || symbol->role == TRAIN_ROLE_STATE)
      continue;
    const TrainTensor &tensor = symbol->tensor;
    hash.update(tensor.name, std::strlen(tensor.name) + 1);
    hash.update(&tensor.type, sizeof(tensor.type));
    hash.update(&tensor.rank, sizeof(tensor.rank));
    hash.update(tensor.shape, sizeof(int64_t) * tensor.rank);
    hash.update(arena + tensor.offset, tensor.bytes);
  }
  return hash.digest();
}

} // namespace train::rt
