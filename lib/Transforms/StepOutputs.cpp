//===- StepOutputs.cpp - reading and rewriting a step's outputs -------------===//
//
// Keeps the terminator's operands and the program's output names in step.
//
//===----------------------------------------------------------------------===//
#include "train/Transforms/StepOutputs.h"

using namespace mlir;
using namespace train;

std::optional<StringRef> train::getGradientOf(StringRef outputName) {
  if (!outputName.consume_front(kGradientPrefix))
    return std::nullopt;
  return outputName;
}

StepOutputs::StepOutputs(StepOp step) : step(step) {
  Operation *terminator = step.getBodyBlock()->getTerminator();
  for (auto [name, value] :
       llvm::zip_equal(step.getOutputNames(), terminator->getOperands()))
    outputs.push_back({cast<StringAttr>(name).str(), value});
}

SmallVector<StepOutputs::Output> StepOutputs::gradients() const {
  return llvm::filter_to_vector(outputs, [](const Output &output) {
    return getGradientOf(output.name).has_value();
  });
}

Value StepOutputs::lookup(StringRef name) const {
  for (const Output &output : outputs)
    if (output.name == name)
      return output.value;
  return {};
}

void StepOutputs::set(StringRef name, Value value) {
  for (Output &output : outputs)
    if (output.name == name) {
      output.value = value;
      return;
    }
  append(name, value);
}

void StepOutputs::removeIf(llvm::function_ref<bool(StringRef)> drop) {
  llvm::erase_if(outputs, [&](const Output &output) { return drop(output.name); });
}

void StepOutputs::commit() {
  SmallVector<Value> values;
  SmallVector<Attribute> names;
  for (const Output &output : outputs) {
    values.push_back(output.value);
    names.push_back(StringAttr::get(step.getContext(), output.name));
  }
  step.getBodyBlock()->getTerminator()->setOperands(values);
  step.setOutputNamesAttr(ArrayAttr::get(step.getContext(), names));
}
