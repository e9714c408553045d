// What the tests of the CPU entries share: teams, random data, workspaces between guard
// bytes, and the error measure. An element's error is taken relative to the sum of the
// absolute values that its sum is made of.
#ifndef TRAIN_TEST_RUNTIMECPU_SUPPORT_H
#define TRAIN_TEST_RUNTIMECPU_SUPPORT_H

#include "train/Runtime/Abi.h"
#include "train/rt/Backend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace train::test {

inline rt::Team &team(int threads) {
  static std::vector<std::unique_ptr<rt::Team>> teams(9);
  auto &slot = teams.at(static_cast<size_t>(threads));
  if (!slot)
    slot = std::move(*rt::Team::create(threads));
  return *slot;
}

using Floats = std::vector<float>;

inline Floats randomFloats(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  Floats values(static_cast<size_t>(count));
  for (float &value : values)
    value = uniform(generator);
  return values;
}

inline int64_t floatBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline bool sameBits(const Floats &a, const Floats &b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// The nearest number of a type with `precision` bits, the smallest normal one being
/// 2^minExponent; ties to even.
inline float nearest(float value, int precision, int minExponent) {
  if (value == 0 || !std::isfinite(value))
    return value;
  int quantum = std::max(std::ilogb(value), minExponent) - (precision - 1);
  return std::ldexp(std::nearbyint(std::ldexp(value, -quantum)), quantum);
}
inline float nearest(float value, TrainType type) {
  return type == TRAIN_TYPE_F16    ? nearest(value, 11, -14)
         : type == TRAIN_TYPE_BF16 ? nearest(value, 8, -126)
                                   : value;
}

/// Floats that a type holds exactly, as it lays them down.
inline std::vector<char> encode(const Floats &values, TrainType type) {
  std::vector<char> bytes;
  for (float value : values) {
    char element[4];
    std::memcpy(element, &value, 4);
    if (type == TRAIN_TYPE_F32)
      bytes.insert(bytes.end(), element, element + 4);
    if (type == TRAIN_TYPE_BF16)
      bytes.insert(bytes.end(), element + 2, element + 4);
    if (type == TRAIN_TYPE_F16) {
      _Float16 half = static_cast<_Float16>(value);
      std::memcpy(element, &half, 2);
      bytes.insert(bytes.end(), element, element + 2);
    }
  }
  return bytes;
}

/// What encode laid down, as floats.
inline Floats decode(const std::vector<char> &bytes, TrainType type) {
  const size_t size = type == TRAIN_TYPE_F32 ? 4 : 2;
  Floats values(bytes.size() / size);
  for (size_t i = 0; i < values.size(); ++i) {
    char element[4] = {};
    std::memcpy(element + (type == TRAIN_TYPE_BF16 ? 2 : 0), &bytes[i * size], size);
    if (type == TRAIN_TYPE_F16) {
      _Float16 half;
      std::memcpy(&half, element, 2);
      values[i] = static_cast<float>(half);
    } else {
      std::memcpy(&values[i], element, 4);
    }
  }
  return values;
}

inline Floats rounded(Floats values, TrainType type) {
  for (float &value : values)
    value = nearest(value, type);
  return values;
}
inline Floats roundedFloats(int64_t count, unsigned seed, TrainType type) {
  return rounded(randomFloats(count, seed), type);
}

/// Exactly the planned workspace, between guards that must survive.
class Workspace {
public:
  Workspace(TrainLibrary entry, const std::vector<int64_t> &params, int threads)
      : bytes(static_cast<size_t>(
            trainLibraryWorkspaceBytes(entry, params.data(), threads))),
        memory(static_cast<char *>(
            std::aligned_alloc(64, (bytes + 63) / 64 * 64 + 2 * kGuard))) {
    std::memset(memory, 0x5a, kGuard);
    std::memset(memory + kGuard, 0xff, bytes); // NaNs: nothing may read them
    std::memset(memory + kGuard + bytes, 0x5a, kGuard);
  }
  ~Workspace() {
    for (size_t i = 0; i < kGuard; ++i) {
      EXPECT_EQ(memory[i], 0x5a) << "before the workspace";
      EXPECT_EQ(memory[kGuard + bytes + i], 0x5a) << "after the workspace";
      if (testing::Test::HasFailure())
        break;
    }
    std::free(memory);
  }
  Workspace(const Workspace &) = delete;
  Workspace &operator=(const Workspace &) = delete;
  void *data() { return memory + kGuard; }

private:
  static constexpr size_t kGuard = 4096;
  size_t bytes;
  char *memory;
};

inline void run(TrainLibrary entry, const std::vector<void *> &buffers,
                const std::vector<int64_t> &params, int threads) {
  rt::Status status = rt::runLibrary(entry, buffers.data(), params.data(), team(threads));
  ASSERT_TRUE(status.ok()) << status.message();
}

/// A sum in double with the sum of its absolute terms.
struct Sum {
  double value = 0, magnitude = 0;
  void add(double term) {
    value += term;
    magnitude += std::fabs(term);
  }
};

inline void expectNear(float actual, const Sum &expected, double tolerance,
                       const std::string &where) {
  double error = std::fabs(static_cast<double>(actual) - expected.value);
  EXPECT_TRUE(error <= tolerance * expected.magnitude + 1e-30)
      << where << ": " << actual << " where " << expected.value << " was expected";
}

} // namespace train::test

#endif // TRAIN_TEST_RUNTIMECPU_SUPPORT_H
