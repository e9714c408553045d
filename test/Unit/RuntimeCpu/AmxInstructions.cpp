// The handler: decodes one VEX instruction, executes it, steps over it.
#include "AmxInstructions.h"

#ifdef TRAIN_TEST_MATRIX_UNIT

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstring>

namespace train::test {
namespace {

struct TileState {
  bool configured = false;
  uint8_t tile[8][16][64];
};
thread_local TileState state;
std::atomic<int64_t> productCount{0};

float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? x * 0.0f : x; }

float numberAt(const uint8_t *at, int index) {
  uint32_t bits = 0;
  std::memcpy(reinterpret_cast<char *>(&bits) + 2, at + 2 * index, 2);
  float x;
  std::memcpy(&x, &bits, 4);
  return flushed(x);
}

void multiply(int c, int a, int b) {
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 16; ++n) {
      float even = 0, odd = 0;
      for (int k = 0; k < 16; ++k) {
        even = flushed(std::fma(numberAt(state.tile[a][m], 2 * k),
                                numberAt(state.tile[b][k], 2 * n), even));
        odd = flushed(std::fma(numberAt(state.tile[a][m], 2 * k + 1),
                               numberAt(state.tile[b][k], 2 * n + 1), odd));
      }
      float sum;
      std::memcpy(&sum, state.tile[c][m] + 4 * n, 4);
      sum = flushed(flushed(sum) + flushed(even + odd));
      std::memcpy(state.tile[c][m] + 4 * n, &sum, 4);
    }
  ++productCount;
}

/// The registers of a trapped thread by their numbers in instructions.
int64_t &general(ucontext_t &context, int number) {
  static const int kPlaces[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
  return reinterpret_cast<int64_t &>(context.uc_mcontext.gregs[kPlaces[number]]);
}

/// An operand in memory: base + displacement, and index * scale, which tile instructions
/// take as the distance of rows.
struct Place {
  char *address;
  int64_t stride;
  const uint8_t *next; ///< behind the operand
};

Place placeOf(ucontext_t &context, const uint8_t *at, bool indexHigh, bool baseHigh) {
  const int mod = at[0] >> 6, rm = at[0] & 7;
  ++at;
  int base = rm | baseHigh << 3;
  int64_t stride = 0;
  bool hasBase = true;
  if (rm == 4) {
    const int index = ((at[0] >> 3) & 7) | indexHigh << 3;
    if (index != 4)
      stride = general(context, index) << (at[0] >> 6);
    base = (at[0] & 7) | baseHigh << 3;
    hasBase = !((at[0] & 7) == 5 && mod == 0);
    ++at;
  }
  const bool relative = rm == 5 && mod == 0;
  int64_t displacement = 0;
  if (mod == 1) {
    displacement = static_cast<int8_t>(*at++);
  } else if (mod == 2 || relative || !hasBase) {
    int32_t wide;
    std::memcpy(&wide, at, 4);
    displacement = wide;
    at += 4;
  }
  const int64_t start = relative  ? reinterpret_cast<int64_t>(at)
                        : hasBase ? general(context, base)
                                  : 0;
  return {reinterpret_cast<char *>(start + displacement), stride, at};
}

/// The address behind the instruction, or null for one that is not known or not allowed.
const uint8_t *execute(ucontext_t &context, const uint8_t *at) {
  if (at[0] != 0xc4 || (at[1] & 0x1f) != 2 || (at[2] & 0x84) != 0)
    return nullptr; // map 0F38, W0, 128 bits
  const bool indexHigh = !(at[1] & 0x40), baseHigh = !(at[1] & 0x20);
  const int prefix = at[2] & 3, third = (~at[2] >> 3) & 15;
  const uint8_t opcode = at[3], *operand = at + 4;
  const int reg = (operand[0] >> 3) & 7, rm = operand[0] & 7;
  const bool memory = operand[0] >> 6 != 3;
  enum { kNone, k66, kF3, kF2 };
  if (opcode == 0x49 && prefix == kNone && memory) { // LDTILECFG
    const Place place = placeOf(context, operand, indexHigh, baseHigh);
    uint8_t bytes[64];
    std::memcpy(bytes, place.address, 64);
    if (bytes[0] != 1 || bytes[1] != 0)
      return nullptr;
    for (int t = 0; t < 8; ++t) // all that our product uses
      if (bytes[16 + 2 * t] != 64 || bytes[17 + 2 * t] != 0 || bytes[48 + t] != 16)
        return nullptr;
    std::memset(state.tile, 0, sizeof(state.tile));
    state.configured = true;
    return place.next;
  }
  if (opcode == 0x49 && prefix == kNone && operand[0] == 0xc0) { // TILERELEASE
    state.configured = false;
    return operand + 1;
  }
  if (!state.configured)
    return nullptr;
  if (opcode == 0x49 && prefix == kF2 && !memory && rm == 0) { // TILEZERO
    std::memset(state.tile[reg], 0, sizeof(state.tile[reg]));
    return operand + 1;
  }
  if (opcode == 0x4b && memory && rm == 4 && prefix != kNone) {
    const Place place = placeOf(context, operand, indexHigh, baseHigh);
    for (int row = 0; row < 16; ++row) {
      char *to = place.address + row * place.stride;
      if (prefix == kF3) // TILESTORED
        std::memcpy(to, state.tile[reg][row], 64);
      else // TILELOADD, TILELOADDT1
        std::memcpy(state.tile[reg][row], to, 64);
    }
    return place.next;
  }
  if (opcode == 0x5c && prefix == kF3 && !memory && third < 8) { // TDPBF16PS
    if (reg == rm || reg == third || rm == third)
      return nullptr;
    multiply(reg, rm, third);
    return operand + 1;
  }
  return nullptr;
}

void handle(int, siginfo_t *, void *opaque) {
  auto &context = *static_cast<ucontext_t *>(opaque);
  auto &place = context.uc_mcontext.gregs[REG_RIP];
  const uint8_t *next = execute(context, reinterpret_cast<const uint8_t *>(place));
  if (!next) {
    std::signal(SIGILL, SIG_DFL); // it traps again, for good
    return;
  }
  place = reinterpret_cast<greg_t>(next);
}

} // namespace

AmxInstructions::AmxInstructions() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  __builtin_cpu_init();
  isNative = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
             syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  productCount = 0;
  if (isNative)
    return;
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, &before);
}

AmxInstructions::~AmxInstructions() {
  if (!isNative)
    sigaction(SIGILL, &before, nullptr);
}

int64_t AmxInstructions::products() const { return productCount; }
bool AmxInstructions::configured() const { return state.configured; }

} // namespace train::test

#endif // TRAIN_TEST_MATRIX_UNIT
