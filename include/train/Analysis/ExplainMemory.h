//===- ExplainMemory.h - memory reports in words ----------------------------===//
//
// Why a program needs what it needs, and why it needs another amount than before. Text
// for people, from reports alone: equal reports give equal text.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_EXPLAINMEMORY_H
#define TRAIN_ANALYSIS_EXPLAINMEMORY_H

#include "train/Analysis/MemoryReport.h"

namespace train {

/// What lives at the peak and why, activations against parameters, what dropping each
/// saved activation would cost and free as far as the report has prices, what is computed
/// again already, and the ops that need the most bytes. At most 20 lines of each, and how
/// much the rest is.
void explainMemory(const MemoryReport &report, llvm::raw_ostream &os);

/// What changed from `before` to `after`: peaks, categories there, and buffers that
/// appeared, disappeared, grew, shrank, or live at one of the peaks only; the largest
/// changes first. Buffers are the same if category and name are, positions (`@123`)
/// apart; among several of one name, equal sizes are paired first.
void compareMemory(const MemoryReport &before, const MemoryReport &after,
                   llvm::raw_ostream &os);

} // namespace train

#endif // TRAIN_ANALYSIS_EXPLAINMEMORY_H
