// The one way that a failure travels through the runtime: a value that says what
// went wrong, what kind of failure it was, and on the way up, where. Nothing in the
// runtime throws across a function of its own, prints and goes on, or exits in the
// middle; main alone prints the status and turns its kind into the exit code.
#ifndef TRAIN_RT_STATUS_H
#define TRAIN_RT_STATUS_H

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace train::rt {

/// What kind of failure it was. The numbers are the exit codes of a trained
/// executable (docs/executable.md) and stay as they are.
enum class ErrorKind : int {
  Failure = 1,      ///< an operation of the program failed while it ran
  Usage = 2,        ///< unknown or contradictory options
  Incompatible = 3, ///< this machine, its libraries or the ABI are not those compiled for
  Data = 4,         ///< an input, safetensors or checkpoint file has wrong contents
  Io = 5,           ///< the system refused to open, read, write or allocate
  Diverged = 6,     ///< the loss is not finite, or overflows at the smallest loss scale
  Interrupted = 7,  ///< SIGINT or SIGTERM; see Stop.h
  TimedOut = 8,     ///< the time limit is over; see Stop.h
};

/// Success, or one error message with its kind. An error is one line, lower case,
/// without a final period. Success costs one null pointer.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Status &&) = default;
  Status &operator=(Status &&) = default;

  static Status success() { return Status(); }
  static Status error(ErrorKind kind, std::string message) {
    Status status;
    status.state = std::make_unique<State>(State{kind, std::move(message)});
    return status;
  }
  static Status error(std::string message) {
    return error(ErrorKind::Failure, std::move(message));
  }

  bool ok() const { return !state; }
  explicit operator bool() const { return ok(); }
  /// Of an error; a success has none.
  ErrorKind kind() const {
    assert(state && "a success has no kind");
    return state->kind;
  }
  /// The message with its contexts, outermost first. Empty on success.
  std::string_view message() const {
    return state ? std::string_view(state->message) : std::string_view();
  }

  /// Prefixes "context: " to an error; leaves success alone. Call it where the callee
  /// could not know the name of the file, tensor or command at hand.
  Status context(std::string_view where) && {
    if (state)
      state->message = std::string(where) + ": " + state->message;
    return std::move(*this);
  }

private:
  struct State {
    ErrorKind kind;
    std::string message;
  };
  std::unique_ptr<State> state;
};

/// A value, or the error that stands in its place.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : stored(std::move(value)) {}
  Result(Status status) : failure(std::move(status)) {
    assert(!failure.ok() && "a result without a value needs an error");
  }

  bool ok() const { return stored.has_value(); }
  explicit operator bool() const { return ok(); }
  T &operator*() { return *stored; }
  const T &operator*() const { return *stored; }
  T *operator->() { return &*stored; }
  const T *operator->() const { return &*stored; }
  /// Moves the error out, to be returned by the caller.
  Status takeStatus() { return std::move(failure); }
  std::string_view message() const { return failure.message(); }

private:
  std::optional<T> stored;
  Status failure;
};

} // namespace train::rt

/// Returns from the enclosing function if the expression is an error.
#define TRAIN_RT_RETURN_IF_ERROR(expression)                                             \
  do {                                                                                   \
    ::train::rt::Status trainRtStatus = (expression);                                    \
    if (!trainRtStatus.ok())                                                             \
      return trainRtStatus;                                                              \
  } while (false)

#endif // TRAIN_RT_STATUS_H
