//===- ReportMemory.cpp - train-report-memory -------------------------------===//
//
// Opens a file and writes what createMemoryReport and priceRecomputation say.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryPage.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/PriceRecomputation.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

namespace train {
#define GEN_PASS_DEF_TRAINREPORTMEMORY
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

struct ReportMemory : train::impl::TrainReportMemoryBase<ReportMemory> {
  using Base::Base;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (space != "host" && space != "device") {
      getOperation().emitError("unknown memory space '")
          << space << "': expected host or device";
      return signalPassFailure();
    }
    FailureOr<MemoryReport> report = createMemoryReport(getOperation(), space);
    if (failed(report))
      return signalPassFailure();
    priceRecomputation(getOperation(), *report);
    std::error_code error;
    llvm::ToolOutputFile out(file, error, llvm::sys::fs::OF_Text);
    if (error) {
      getOperation().emitError("can't write the memory report to '")
          << file << "': " << error.message();
      return signalPassFailure();
    }
    StringRef title = getOperation().getName().value_or("model");
    writeMemoryReport(*report, title, file, out.os());
    out.os().flush();
    if (out.os().has_error()) {
      getOperation().emitError("can't write the memory report to '")
          << file << "': " << out.os().error().message();
      out.os().clear_error();
      return signalPassFailure();
    }
    out.keep();
  }
};

} // namespace
