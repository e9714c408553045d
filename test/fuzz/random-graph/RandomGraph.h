// Random training graphs: what no model of ours looks like, but a user may write. Every
// op of the language that a graph can hold and a derivative can pass, in company that
// nobody thought of: long skip connections, branches, U-shapes, tied and frozen weights,
// several losses, odd sizes and sizes of 1.
//
// Promises: the module verifies, has one graph with a loss that depends on a trainable
// parameter, and is a function of the options alone, on every machine. No tensor has more
// than 64 KiB. Values stay near 1 (a value that may have grown is normalized), and no op
// meets a pole of its derivative, so that f32 trains for a hundred steps of AdamW or of
// small clipped steps without infinities or NaN.
#ifndef TRAIN_FUZZ_RANDOM_GRAPH_H
#define TRAIN_FUZZ_RANDOM_GRAPH_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <optional>
#include <string>
#include <vector>

namespace train::fuzz {

struct RandomGraphOptions {
  uint64_t seed = 1;
  /// Ops of the graph's body, counted without reads and region ends. The graph has at
  /// least these and at most 60 more, for the last brick and the losses. In [20, 2000];
  /// absent: drawn from 20 to 300.
  std::optional<int64_t> ops;
  /// One of randomGraphStyles(); absent: drawn.
  std::string style;
  /// One of randomGraphShapes(); absent: drawn.
  std::string shape;
};

/// How it is written: `layered` (train.layer scopes, parameters and locations with names)
/// or `plain` (neither).
std::vector<std::string> randomGraphStyles();

/// How its values hang together: `chain`, `skip`, `branches`, `unet`, `sequence`,
/// `towers`.
std::vector<std::string> randomGraphShapes();

/// The module. Null where an option is not as described; `error` is then one line,
/// without a period.
///
/// The name of an input says what it may hold: `ids7_1` integers in [0, 7), `labels7_2`
/// the same or -100, all others are floats or bools of any value.
mlir::OwningOpRef<mlir::ModuleOp> buildRandomGraph(mlir::MLIRContext *context,
                                                   const RandomGraphOptions &options,
                                                   std::string &error);

} // namespace train::fuzz

#endif // TRAIN_FUZZ_RANDOM_GRAPH_H
