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

} // namespace train

#endif // TRAIN_ANALYSIS_PLANATTRIBUTES_H
