//===- RematStrategy.h - rematerialization as users name it ------------------===//
//
// The values of --remat, so that a command line can be checked before anything is
// compiled.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_REMATSTRATEGY_H
#define TRAIN_TRANSFORMS_REMATSTRATEGY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace train {

struct RematStrategy {
  enum class Kind {
    None,            ///< keep all but what lies in train.checkpoint regions
    Uniform,         ///< keep the inputs of every `every`-th layer
    Sqrt,            ///< keep the inputs of ceil(sqrt(N)) layers, evenly spaced
    Sublayer,        ///< keep what crosses single-value cuts, within layers too
    Selective,       ///< recompute the results of the ops in `names`
    SaveNothing,     ///< keep the program's inputs only
    SaveEverything,  ///< keep all, train.checkpoint regions included
    SaveDots,        ///< keep the results of contractions
    SaveDotsNoBatch, ///< keep the results of contractions without batch dimensions
    SaveNames,       ///< keep what `names` computes
    RecomputeNames,  ///< keep what `names` does not compute
    Budget,          ///< the cheapest plan that fits
  };
  Kind kind = Kind::None;
  int64_t every = 1;
  /// Ops without the dialect's prefix, or layers.
  std::vector<std::string> names;
};

/// Reads `none`, `uniform:K`, `sqrt`, `block` (uniform:1), `sublayer`,
/// `selective:OP,...`, `policy:save-nothing`, `policy:save-everything`,
/// `policy:save-dots`, `policy:save-dots-no-batch`, `policy:save:NAME,...`,
/// `policy:recompute:NAME,...` or `budget`. Else nothing, and `error` is a sentence, with
/// the nearest name where there is one.
std::optional<RematStrategy> parseRematStrategy(std::string_view text,
                                                std::string &error);

} // namespace train

#endif // TRAIN_TRANSFORMS_REMATSTRATEGY_H
