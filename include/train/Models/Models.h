//===- Models.h - well-known models as training graphs ------------------------===//
//
// Models that users come with, at any size, in the `train` dialect: something to compile
// on the first day, and the shapes that tests and benchmarks share. Parameters carry the
// names of the published checkpoints, so that those load into them.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_MODELS_MODELS_H
#define TRAIN_MODELS_MODELS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <optional>
#include <string>
#include <vector>

namespace train {

/// What may be chosen about a model. An absent value means the family's default, or what
/// the named size says. Options that a family does not have are errors, never ignored.
struct ModelOptions {
  std::string family;               ///< one of modelFamilies()
  std::string size;                 ///< a published size, such as 124M, base, 50
  std::optional<int64_t> layers;    ///< transformer blocks, or U-Net levels
  std::optional<int64_t> width;     ///< model width, or first channel count
  std::optional<int64_t> heads;     ///< attention heads
  std::optional<int64_t> kvHeads;   ///< key and value heads (llama)
  std::optional<int64_t> hidden;    ///< width inside the feed-forward block
  std::optional<int64_t> seq;       ///< tokens per sample
  std::optional<int64_t> positions; ///< rows of the position table, at least seq
  std::optional<int64_t> batch;     ///< samples per micro-batch
  std::optional<int64_t> vocab;     ///< vocabulary
  std::optional<int64_t> classes;   ///< classes of the head
  std::optional<int64_t> image;     ///< image height and width, pixels
  std::optional<int64_t> patch;     ///< patch height and width, pixels (vit)
  std::optional<int64_t> channels;  ///< image channels
  std::vector<int64_t> widths;      ///< layer widths, input first (mlp)
  std::optional<double> dropout;    ///< rate, 0 for none
  std::optional<double> ropeBase;   ///< base of the rotary frequencies (llama)
  std::optional<std::string> head;  ///< bert: none, mlm or classifier
  std::optional<std::string> loss;  ///< mlp: mse or cross-entropy
  bool tied = false;                ///< share the embedding with the head
  bool untied = false;              ///< a head of its own
  bool bidirectional = false;       ///< attention sees the whole sequence
};

/// The names that ModelOptions::family may have.
std::vector<std::string> modelFamilies();

/// Builds the module of a model: parameters, states and one train.graph named like the
/// family. On failure returns null and sets `error` to one line, without a period.
mlir::OwningOpRef<mlir::ModuleOp>
buildModel(mlir::MLIRContext *context, const ModelOptions &options, std::string &error);

/// The number of elements of all parameters of the module, frozen ones included; states
/// don't count.
int64_t countParameters(mlir::ModuleOp module);

} // namespace train

#endif // TRAIN_MODELS_MODELS_H
