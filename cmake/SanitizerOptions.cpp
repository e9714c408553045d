// Linked into every executable of a sanitizer build, so that it runs without options in
// the environment: Debian's LLVM is not instrumented, and where its inlined code meets
// the copy in its library, AddressSanitizer sees faults that are none. Its allocator
// poisons memory in one of the two only, and its signal stacks are not those that the
// sanitizer would free. A real environment variable still takes precedence.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:use_sigaltstack=0:detect_leaks=0";
}
extern "C" const char *__ubsan_default_options() {
  return "print_stacktrace=1:halt_on_error=1";
}
