//===- PlanAttributes.h - how a memory plan is written in the IR ------------===//
//
// The names that train-plan-memory writes, and lowering and reports read. All offsets are
// absolute bytes in the arena; -1 stands for no storage.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_PLANATTRIBUTES_H
#define TRAIN_ANALYSIS_PLANATTRIBUTES_H

#include "llvm/ADT/StringRef.h"

namespace train {

/// On ops with results: array<i64>, one offset per result.
inline constexpr llvm::StringLiteral kOffsetsAttr = "train.offsets";
/// On ops with a workspace (library calls, kernels in several parts): its offset, i64.
inline constexpr llvm::StringLiteral kWorkspaceAttr = "train.workspace";
/// On programs and micro-batch loops: array<i64>, one offset per block argument.
inline constexpr llvm::StringLiteral kArgOffsetsAttr = "train.arg_offsets";
/// On the module, i64 each. The random key's is there only if a program draws.
inline constexpr llvm::StringLiteral kArenaBytesAttr = "train.arena_bytes";
inline constexpr llvm::StringLiteral kLowerBoundAttr = "train.lower_bound_bytes";
inline constexpr llvm::StringLiteral kRandomKeyOffsetAttr = "train.random_key_offset";
inline constexpr llvm::StringLiteral kThreadsAttr = "train.threads";

/// On an op that is executed again: an i64, different for each.
inline constexpr llvm::StringLiteral kCloneAttr = "train.clone";

/// On what puts a tensor into fewer bits, and on what makes it whole again, which carries
/// kCloneAttr too: the bytes of the tensor, i64; 0 on all but the last of several such
/// ops.
inline constexpr llvm::StringLiteral kEncodedAttr = "train.encoded";

/// On a fusion that executes ops again inside, whose results take no bytes: how many
/// entries of a plan that were, i64.
inline constexpr llvm::StringLiteral kSunkAttr = "train.sunk";

/// On the module where train-plan-residency failed for want of bytes, i64: what it needs.
inline constexpr llvm::StringLiteral kMinimumBytesAttr = "train.minimum_bytes";

/// On a step that train-plan-residency has looked at: the bytes alive at its peak as the
/// planner simulates them, i64; the predicted seconds of one run of the planned block
/// without any repetition, and those of the repetitions, f64.
inline constexpr llvm::StringLiteral kResidencyPeakAttr = "train.residency_peak_bytes";
inline constexpr llvm::StringLiteral kBaseSecondsAttr = "train.base_seconds";
inline constexpr llvm::StringLiteral kRecomputeSecondsAttr = "train.recompute_seconds";

/// On a step, on request: sizes of the arena, falling, and the predicted seconds of
/// repetitions that each costs, rising.
inline constexpr llvm::StringLiteral kParetoArenasAttr = "train.pareto_bytes";
inline constexpr llvm::StringLiteral kParetoSecondsAttr = "train.pareto_seconds";

} // namespace train

#endif // TRAIN_ANALYSIS_PLANATTRIBUTES_H
