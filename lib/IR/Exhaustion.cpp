// See Exhaustion.h. `operator new` and LLVM's own allocations have handlers. MLIR takes
// the memory of an operation from malloc without a look at the result, so malloc itself
// is watched: a definition in an executable also serves the shared libraries it loads.
#include "train/IR/Exhaustion.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

/// Sanitizers replace malloc themselves and end the process when memory is refused.
#if defined(__GLIBC__) && !__has_feature(address_sanitizer) &&                           \
    !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define TRAIN_WATCHES_MALLOC 1
#else
#define TRAIN_WATCHES_MALLOC 0
#endif

namespace {

/// Who fails for want of this little has no second plan. A larger request may: buffers
/// that are tried large first, tables, files. Those see the null they asked for.
constexpr size_t kSmallBytes = 1u << 20;

/// Null until main has said it: memory may end while shared libraries are initialized.
const char *exhaustedTool = nullptr;
int exhaustedCode = 1;

[[noreturn]] void endExhausted(const char *reason) {
  std::fprintf(stderr, "%s: error: %s\n",
               exhaustedTool ? exhaustedTool : program_invocation_short_name, reason);
  // Removes unfinished output. Destructors would need memory.
  if (exhaustedTool)
    llvm::sys::RunInterruptHandlers();
  std::_Exit(exhaustedCode);
}

} // namespace

#if TRAIN_WATCHES_MALLOC
extern "C" void *__libc_malloc(size_t bytes);

extern "C" __attribute__((visibility("default"))) void *malloc(size_t bytes) {
  void *memory = __libc_malloc(bytes);
  if (!memory && bytes < kSmallBytes)
    endExhausted("out of memory");
  return memory;
}
#endif

namespace train {

void endWithErrorOnExhaustion(const char *tool, int code) {
  static bool installed = false;
  exhaustedTool = tool;
  exhaustedCode = code;
  // LLVM takes one handler for the life of the process.
  if (std::exchange(installed, true))
    return;
  std::set_new_handler([] { endExhausted("out of memory"); });
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { endExhausted("out of memory"); });
  llvm::install_fatal_error_handler(
      [](void *, const char *reason, bool) { endExhausted(reason); });
}

} // namespace train
