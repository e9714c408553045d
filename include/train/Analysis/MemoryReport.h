//===- MemoryReport.h - the account of a planned module's memory ------------===//
//
// What the arena holds, where, from when to when and for whom: the one source of the
// report file, the page, the explanation and the comparison. It is read back from a file
// of its own, so that two compilations can be compared.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_MEMORYREPORT_H
#define TRAIN_ANALYSIS_MEMORYREPORT_H

#include "train/Analysis/Storage.h"
#include "llvm/Support/JSON.h"

#include <array>
#include <optional>

namespace train {

/// All sizes are bytes. Positions are those of MemoryTimeline, in the program with the
/// largest peak: 0 is its entry.
struct MemoryReport {
  struct Space {
    std::string name; ///< device, host or file
    int64_t peakBytes = 0;
    int64_t lowerBoundBytes = 0;
  };
  struct Program {
    std::string name;
    int64_t liveBytes = 0; ///< at its own peak
  };
  /// Where the most bytes live.
  struct Peak {
    std::string program;
    int64_t position = 0;
    std::string op;
    std::string location;
    int64_t liveBytes = 0;
  };
  /// What executions take, by the cost model.
  struct Cost {
    int64_t flops = 0;
    int64_t bytes = 0;
    double seconds = 0;
    int64_t ops = 1; ///< how many executions
  };
  struct Buffer {
    std::string name;
    std::string location;
    Category category = Category::Activations;
    std::string shape; ///< of the value that starts it; "" for a workspace
    int64_t bytes = 0;
    int64_t offset = 0;
    /// The positions where it is alive, both included. What lives across steps is alive
    /// at all.
    int64_t firstUse = 0;
    int64_t lastUse = 0;
    /// The positions of the ops that read or write it, ascending.
    std::vector<int64_t> uses;
    /// For a saved activation that could be dropped over the peak: all that has to be
    /// executed once more to have it at its next use, given what is alive there anyway.
    /// createMemoryReport leaves it open, priceRecomputation fills it in.
    std::optional<Cost> recompute;
    /// For what holds another tensor in fewer bits: the bytes of that, 0 for its second
    /// part and on (scales).
    std::optional<int64_t> encoded;
  };
  struct Op {
    std::string name;
    std::string location;
    std::string shape; ///< of its results, separated by commas
    Cost cost;         ///< zero for a loop: its body's ops have it
    int64_t times = 1; ///< executions per step
    bool recomputed = false;
    /// It makes a tensor whole again that was stored in fewer bits; then `recomputed` is
    /// set, too.
    bool decodes = false;
  };

  std::vector<Space> spaces;
  int64_t peakBytes = 0;       ///< the allocation in the program's own space
  int64_t lowerBoundBytes = 0; ///< no plan of this order needs less
  std::vector<Program> programs;
  Peak peak;
  std::array<int64_t, kNumCategories> byCategory{}; ///< at the peak
  std::vector<Buffer> buffers;
  std::vector<int64_t> steps; ///< bytes alive at each position
  std::vector<Op> ops;        ///< at each position; empty in reports of older versions

  bool isAliveAtPeak(const Buffer &buffer) const {
    return buffer.firstUse <= peak.position && peak.position <= buffer.lastUse;
  }
  /// Whether it is an activation that was computed before the peak, waits there and is
  /// read after it. Needs `uses`.
  bool isSaved(const Buffer &buffer) const;
};

/// The report of a module at stage planned, whose arena lies in `space` ("host" or
/// "device"). Fails with a diagnostic if the module isn't planned.
mlir::FailureOr<MemoryReport> createMemoryReport(mlir::ModuleOp module,
                                                 llvm::StringRef space = "host");

/// The report as its file has it:
///
/// - `spaces`: for device, host and file `peak_bytes` (the allocation) and
///   `lower_bound_bytes`;
/// - `peak_bytes`, `lower_bound_bytes`; `outside_arena_bytes`: null, since it can only be
///   measured;
/// - `peak`: the `program`, `position` and `op` with the most live bytes, its `location`,
///   the `live_bytes` there;
/// - `by_category`: bytes alive there by category; they add up to `live_bytes`;
/// - `buffers`: what that program keeps in the arena: `name`, `location`, `category`,
///   `shape`, `bytes`, `offset`, `first_use`, `last_use`, `uses`, `recompute` for saved
///   activations (`flops`, `bytes`, `seconds`, `ops`), and `encoded` for what holds a
///   tensor in fewer bits: how many bytes that has;
/// - `steps`: bytes alive at each position of that program;
/// - `ops`: what is executed at each position: `name`, `location`, `shape`, `flops`,
///   `bytes`, `seconds`, `times`, `recomputed`, and `decodes` where that is so;
/// - `programs`: `name` and `live_bytes` at the peak of each program.
llvm::json::Object toJson(const MemoryReport &report);

/// Reads such a file. The error says what is wrong and where. What a report of an older
/// version lacks (`shape`, `uses`, `ops`) stays empty.
llvm::Expected<MemoryReport> parseMemoryReport(llvm::StringRef text);

/// toJson(createMemoryReport(module, space)) without what is there for people to look at
/// only: `ops` and the `uses` of buffers. Executables carry it.
mlir::FailureOr<llvm::json::Object> buildMemoryReport(mlir::ModuleOp module,
                                                      llvm::StringRef space = "host");

} // namespace train

#endif // TRAIN_ANALYSIS_MEMORYREPORT_H
