// A training in the interpreter: a step, and the state that it leaves for the next one.
#ifndef TRAIN_TEST_UNIT_TRANSFORMS_TRAINING_H
#define TRAIN_TEST_UNIT_TRANSFORMS_TRAINING_H

#include "Harness.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Interpreter.h"

#include <limits>

namespace train::test {

/// A step in the interpreter, with its symbols from one execution to the next.
class Training {
public:
  Training(mlir::ModuleOp module, reference::Mode mode) : context(mode) {
    context.seed = 5;
    EXPECT_TRUE(succeeded(reference::initializeSymbols(module, context)));
    step = *module.getOps<StepOp>().begin();
  }

  ProgramOpInterface getProgram() {
    return llvm::cast<ProgramOpInterface>(step.getOperation());
  }

  void run(llvm::ArrayRef<reference::TensorRef> inputs,
           reference::Interpreter::Watch watch = nullptr) {
    reference::Interpreter interpreter(context);
    interpreter.setWatch(std::move(watch));
    ASSERT_TRUE(succeeded(interpreter.run(getProgram(), inputs)));
    ++context.step;
    outputs.clear();
    for (auto [i, value] : llvm::enumerate(interpreter.getOutputs()))
      outputs[getProgram().getOutputName(i).str()] = value;
  }

  double output(const char *name) {
    auto found = outputs.find(name);
    EXPECT_NE(found, outputs.end()) << name;
    return found == outputs.end() ? std::numeric_limits<double>::quiet_NaN()
                                  : found->second->number(0);
  }
  bool hasOutput(const char *name) const { return outputs.count(name); }
  double symbol(const char *name) { return context.symbols.at(name)->number(0); }
  bool hasSymbol(const char *name) const { return context.symbols.count(name); }

  /// The symbols that training is about: all but the scale's own.
  std::map<std::string, std::vector<double>> state() const {
    std::map<std::string, std::vector<double>> state;
    for (const auto &[name, value] : context.symbols)
      if (!llvm::StringRef(name).starts_with("train.loss_scale"))
        for (int64_t e = 0; e < value->size(); ++e)
          state[name].push_back(value->number(e));
    return state;
  }

private:
  reference::EvalContext context;
  StepOp step;
  std::map<std::string, reference::TensorRef> outputs;
};

/// A tensor of `values`, again and again.
inline reference::TensorRef tensorOf(mlir::Type type, llvm::ArrayRef<double> values) {
  auto tensor = std::make_shared<reference::Tensor>(
      reference::Tensor::zeros(llvm::cast<mlir::RankedTensorType>(type)));
  for (int64_t e = 0; e < tensor->size(); ++e) {
    double value = values[e % values.size()];
    if (tensor->isFloat())
      tensor->f[e] = value;
    else
      tensor->i[e] = static_cast<int64_t>(value);
  }
  return tensor;
}

inline LossScaleOptions dynamic(double init = 65536, int64_t window = 2000,
                                int64_t hysteresis = 1, double minimum = 1) {
  LossScaleOptions options;
  options.mode = "dynamic";
  options.init = init;
  options.window = window;
  options.hysteresis = hysteresis;
  options.minimum = minimum;
  return options;
}

inline LossScaleOptions fixed(double scale) {
  LossScaleOptions options;
  options.mode = "static";
  options.init = scale;
  return options;
}

} // namespace train::test

#endif // TRAIN_TEST_UNIT_TRANSFORMS_TRAINING_H
