//===- DerivePrograms.cpp - train-derive-programs ---------------------------===//
//
// Evaluation and prediction are the graph with ops replaced by what they mean
// outside training, and with fewer outputs. Passes.td describes what comes out.
//
//===----------------------------------------------------------------------===//
#include "../FlatBody.h"
#include "../ProgramBatch.h"
#include "mlir/IR/Remarks.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINDERIVEPROGRAMS
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

void takeEvalForms(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    auto differing = dyn_cast<EvalFormOpInterface>(op);
    if (!differing)
      continue;
    OpBuilder builder(&op);
    SmallVector<Value> forms(op.getNumResults());
    differing.buildEvalForm(builder, forms);
    for (auto [result, form] : llvm::zip_equal(op.getResults(), forms))
      if (form)
        result.replaceAllUsesWith(form);
  }
}

/// Builds a program of type `ProgramT` with the outputs that `keep` accepts; with
/// `dropInputs`, only with the inputs that those need.
template <typename ProgramT>
ProgramT derive(GraphOp graph, OpBuilder &builder, StringRef name,
                llvm::function_ref<bool(StringRef)> keep, bool dropInputs) {
  SmallVector<Value> outputs;
  SmallVector<Attribute> outputNames;
  Operation *terminator = graph.getBodyBlock()->getTerminator();
  for (auto [outputName, value] :
       llvm::zip_equal(graph.getOutputNames(), terminator->getOperands()))
    if (keep(cast<StringAttr>(outputName).getValue())) {
      outputNames.push_back(outputName);
      outputs.push_back(value);
    }

  auto program = ProgramT::create(builder, graph.getLoc(), name, graph.getInputNames(),
                                  graph.getInputRoles(), graph.getBatchDims(),
                                  builder.getArrayAttr(outputNames));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&program.getBody());
  IRMapping mapping;
  for (BlockArgument argument : graph.getBodyBlock()->getArguments())
    mapping.map(argument, body->addArgument(argument.getType(), argument.getLoc()));
  cloneFlat(*graph.getBodyBlock(), builder, mapping);
  for (Value &output : outputs)
    output = mapping.lookupOrDefault(output);
  ReturnOp::create(builder, terminator->getLoc(), outputs);
  takeEvalForms(*body);
  eraseDeadOps(*body);
  if (!dropInputs)
    return program;

  SmallVector<Attribute> inputNames;
  SmallVector<int64_t> roles, batchDims;
  llvm::BitVector unused(body->getNumArguments());
  for (BlockArgument argument : body->getArguments()) {
    unsigned i = argument.getArgNumber();
    if (argument.use_empty()) {
      unused.set(i);
      continue;
    }
    inputNames.push_back(graph.getInputNames()[i]);
    roles.push_back(graph.getInputRoles()[i]);
    batchDims.push_back(graph.getBatchDims()[i]);
  }
  body->eraseArguments(unused);
  program.setInputNamesAttr(builder.getArrayAttr(inputNames));
  program.setInputRoles(roles);
  program.setBatchDims(batchDims);
  return program;
}

/// Lets the prediction take one sample, where that changes nothing for the sample.
void predictOne(PredictOp predict) {
  auto whole = cast<ProgramOpInterface>(predict.getOperation());
  std::optional<int64_t> batch = getBatch(whole);
  if (!batch || *batch <= 1)
    return;
  auto options =
      remark::RemarkOpts::name("PredictedBatch").category("train-derive-programs");
  OpBuilder builder(predict);
  auto single = cast<ProgramOpInterface>(builder.clone(*predict));
  bool apart;
  {
    // An op that can't follow is no error: the graph's batch is right for it.
    ScopedDiagnosticHandler silence(predict.getContext(),
                                    [](Diagnostic &) { return success(); });
    apart = succeeded(setBatch(single, 1)) && keepsSamplesApart(whole, single);
  }
  if (!apart) {
    single->erase();
    remark::missed(predict.getLoc(), options)
        << remark::add("predicts {0} samples at once: they might see each other", *batch)
        << remark::metric("batch", *batch);
    return;
  }
  predict.erase();
  remark::passed(single->getLoc(), options)
      << remark::add("predicts one sample at once") << remark::metric("batch", 1);
}

struct DerivePrograms : train::impl::TrainDeriveProgramsBase<DerivePrograms> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto graph = findProgram<GraphOp>(module);
    if (!graph) {
      module.emitError("there is no train.graph to derive programs from");
      return signalPassFailure();
    }
    for (StringRef name : {kEvalName, kPredictName})
      if (Operation *existing = module.lookupSymbol(name)) {
        InFlightDiagnostic diagnostic =
            graph.emitOpError("can't have programs derived: the name '")
            << name << "' is taken";
        diagnostic.attachNote(existing->getLoc()) << "it is defined here";
        return signalPassFailure();
      }
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto isEvaluation = [](StringRef output) {
      return output == kLossOutput || output == kCountOutput;
    };
    auto isPrediction = [&](StringRef output) { return !isEvaluation(output); };
    auto hasOutput = [&](llvm::function_ref<bool(StringRef)> accept) {
      return llvm::any_of(graph.getOutputNames(), [&](Attribute name) {
        return accept(cast<StringAttr>(name).getValue());
      });
    };
    if (hasOutput(isEvaluation))
      derive<EvalOp>(graph, builder, kEvalName, isEvaluation, /*dropInputs=*/false);
    if (hasOutput(isPrediction))
      predictOne(derive<PredictOp>(graph, builder, kPredictName, isPrediction,
                                   /*dropInputs=*/true));
  }
};

} // namespace
