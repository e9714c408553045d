//===- MemoryPage.h - a memory report to look at ----------------------------===//
//
// The report as one HTML file that needs nothing else: bytes alive over the step, the
// arena as a map of offsets and time, the largest buffers and why they are alive.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_MEMORYPAGE_H
#define TRAIN_ANALYSIS_MEMORYPAGE_H

#include "train/Analysis/MemoryReport.h"

namespace train {

/// The page. `title` names the model. Names from the model are data in it, never markup.
void writeMemoryPage(const MemoryReport &report, llvm::StringRef title,
                     llvm::raw_ostream &os);

/// What `--memory-report=FILE` writes: the page if `file` ends in .html or .htm, else
/// JSON.
void writeMemoryReport(const MemoryReport &report, llvm::StringRef title,
                       llvm::StringRef file, llvm::raw_ostream &os);

} // namespace train

#endif // TRAIN_ANALYSIS_MEMORYPAGE_H
