//===- Families.h - what a model family is, and the settings it starts from ----===//
//
// Each family has one file with one build function. What a user may set is checked
// here, before a builder meets it: inference in the IR reports shapes, not options.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_MODELS_FAMILIES_H
#define TRAIN_LIB_MODELS_FAMILIES_H

#include "ModelBuilder.h"
#include <functional>

namespace train {

/// What all transformers have.
struct TransformerShape {
  int64_t layers, width, heads, hidden;
};
struct NamedShape {
  llvm::StringRef name;
  TransformerShape shape;
};

/// The options of a family, resolved one by one. The first thing that is wrong is
/// kept as the error; later questions get answers that are safe to go on with.
class Settings {
public:
  Settings(const ModelOptions &options) : options(options) {}

  const ModelOptions &options;

  /// The given value, or the default; at least `minimum`.
  int64_t get(const std::optional<int64_t> ModelOptions::*option, const char *name,
              int64_t fallback, int64_t minimum = 1);
  /// The dropout rate in [0, 1).
  double dropout();
  /// One of the words, the first by default.
  std::string word(const std::optional<std::string> ModelOptions::*option,
                   const char *name, llvm::ArrayRef<llvm::StringRef> words);
  /// The named size, the first by default, with what --layers, --width, --heads and
  /// --hidden change about it: another width alone means heads of 64 and `hidden` in the
  /// same proportion.
  TransformerShape transformer(llvm::ArrayRef<NamedShape> sizes);
  /// The published size that was asked for, as an index into `sizes`, or -1 if none was.
  int size(llvm::ArrayRef<llvm::StringRef> sizes);
  /// Records that `value` must divide `whole`.
  void divides(int64_t value, const char *name, int64_t whole, const char *wholeName);
  /// Records an error unless one is recorded already.
  void fail(const llvm::Twine &what);

  bool ok() const { return error.empty(); }
  const std::string &message() const { return error; }

private:
  std::string error;
};

/// Builds a family's model; null after Settings::fail.
using BuildFamily = mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext *context,
                                                      Settings &settings);
BuildFamily buildMlp, buildResnet, buildUnet, buildGpt2, buildBert, buildVit, buildLlama;

/// A family: its name, the options that it has beside --size and --batch, and its
/// builder.
struct Family {
  llvm::StringRef name;
  std::vector<llvm::StringRef> options;
  BuildFamily *build;
};

} // namespace train

#endif // TRAIN_LIB_MODELS_FAMILIES_H
