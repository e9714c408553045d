// The hand-written trainings. See Toy.h.
#include "Toy.h"

#include <cmath>
#include <cstring>

namespace train::toy {

void (*beforeUpdate)() = nullptr;

namespace {

// Names that commands refer to, in the order of Toy::locations.
enum Name : uint32_t { Unknown, Zero, Gradient, Norm, Update, Loss, Logits, Load, Loop };
const char *const names[] = {"toy.mlir:1:1", "zero",   "gradient", "norm", "update",
                             "loss",         "logits", "load",     "loop"};

float *f32(void *const *buffers, int i) { return static_cast<float *>(buffers[i]); }

TrainTensor tensor(const char *name, TrainType type, std::vector<int64_t> shape,
                   uint64_t &arena) {
  static constexpr uint64_t widths[] = {4, 8, 2, 2, 4, 8, 1, 1};
  TrainTensor out = {};
  out.name = name;
  out.type = type;
  out.rank = uint32_t(shape.size());
  out.bytes = widths[type];
  for (size_t i = 0; i < shape.size(); ++i) {
    out.shape[i] = shape[i];
    out.bytes *= uint64_t(shape[i]);
  }
  out.offset = arena;
  arena += (out.bytes + TRAIN_ALIGNMENT - 1) / TRAIN_ALIGNMENT * TRAIN_ALIGNMENT;
  return out;
}

TrainSymbol symbol(TrainTensor tensor, TrainSymbolRole role, TrainInitKind init,
                   double a = 0, double b = 0, const char *owner = nullptr) {
  return {tensor, role, init, a, b, nullptr, owner};
}

// Kernels shared by both: buffers[0] is zeroed over [begin, end).
void zeroKernel(void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    f32(buffers, 0)[i] = 0;
}

// x, labels, weight, bias, gradWeight (bias is element 3), loss; params: samples,
// divisor. Item i is component i of the gradient; component 3 also sums the loss.
void regressionGradient(void *const *buffers, const int64_t *params, int64_t begin,
                        int64_t end) {
  const float *x = f32(buffers, 0), *labels = f32(buffers, 1), *weight = f32(buffers, 2),
              *bias = f32(buffers, 3);
  float scale = 1 / float(params[1]);
  for (int64_t component = begin; component < end; ++component)
    for (int64_t s = 0; s < params[0]; ++s) {
      const float *row = x + 3 * s;
      float error = row[0] * weight[0] + row[1] * weight[1] + row[2] * weight[2] + *bias -
                    labels[s];
      f32(buffers, 4)[component] +=
          2 * error * (component < 3 ? row[component] : 1) * scale;
      if (component == 3)
        *f32(buffers, 5) += error * error * scale;
    }
}

// gradient[4], norm.
void normKernel(void *const *buffers, const int64_t *, int64_t, int64_t) {
  float sum = 0;
  for (int i = 0; i < 4; ++i)
    sum += f32(buffers, 0)[i] * f32(buffers, 0)[i];
  *f32(buffers, 1) = std::sqrt(sum);
  if (beforeUpdate)
    beforeUpdate();
}

// weight, bias, gradient[4], slotWeight, slotBias, rate, counter.
void momentumKernel(void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    float &value = i < 3 ? f32(buffers, 0)[i] : *f32(buffers, 1);
    float &slot = i < 3 ? f32(buffers, 3)[i] : *f32(buffers, 4);
    slot = 0.9f * slot + f32(buffers, 2)[i];
    value -= *f32(buffers, 5) * slot;
    if (i == 3)
      ++*static_cast<int64_t *>(buffers[6]);
  }
}

// Softmax cross-entropy of table rows. tokens, labels, table, gradient (or null work),
// loss; params: positions, with gradient. One item: the sum is sequential.
void bigramLoss(void *const *buffers, const int64_t *params, int64_t, int64_t) {
  const auto *tokens = static_cast<const int32_t *>(buffers[0]);
  const auto *labels = static_cast<const int32_t *>(buffers[1]);
  double loss = 0;
  for (int64_t p = 0; p < params[0]; ++p) {
    const float *row = f32(buffers, 2) + 256 * tokens[p];
    double sum = 0;
    for (int v = 0; v < 256; ++v)
      sum += std::exp(double(row[v]));
    loss += std::log(sum) - double(row[labels[p]]);
    if (!params[1])
      continue;
    float *gradient = f32(buffers, 3) + 256 * tokens[p];
    for (int v = 0; v < 256; ++v)
      gradient[v] +=
          float((std::exp(double(row[v])) / sum - (v == labels[p])) / double(params[0]));
  }
  *f32(buffers, 4) = float(loss / double(params[0]));
}

// table, gradient, rate.
void bigramUpdate(void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    f32(buffers, 0)[i] -= *f32(buffers, 2) * f32(buffers, 1)[i];
}

// tokens, table, logits. Item i is a position.
void bigramLogits(void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
  const auto *tokens = static_cast<const int32_t *>(buffers[0]);
  for (int64_t i = begin; i < end; ++i)
    std::memcpy(f32(buffers, 2) + 256 * i, f32(buffers, 1) + 256 * tokens[i], 1024);
}

void setCommon(Toy &toy, const char *model, uint64_t arena, uint32_t threads) {
  TrainExecutable &executable = toy.executable;
  executable.abi_version = TRAIN_ABI_VERSION;
  executable.threads = threads;
  executable.model = model;
  executable.cpu = "generic";
  executable.cpu_features = "";
  executable.library_versions = "";
  executable.arena_bytes = executable.lower_bound_bytes = arena;
  executable.fingerprint = 0x1234;
  executable.step_flops = 1e6;
  executable.report = "{\"by_category\":{\"parameters\":64,\"gradients\":64}}";
  executable.options = "{}";
  toy.locations.assign(std::begin(names), std::end(names));
}

void addProgram(Toy &toy, const char *name, TrainProgramKind kind, int64_t microBatches,
                int64_t samples, Commands commands, std::vector<TrainInput> inputs,
                std::vector<TrainTensor> outputs) {
  TrainProgram program = {};
  program.name = name;
  program.kind = kind;
  program.micro_batches = microBatches;
  program.samples = samples;
  toy.programs.push_back(program);
  toy.commands.push_back(std::move(commands));
  toy.inputs.push_back(std::move(inputs));
  toy.outputs.push_back(std::move(outputs));
}

} // namespace

void Commands::add(const Header &header, const std::vector<uint64_t> &operands,
                   const std::vector<int64_t> &params) {
  TrainCommand command = {};
  command.kind = uint16_t(header.kind);
  command.entry = header.entry;
  command.operand_count = uint16_t(operands.size());
  command.param_count = uint16_t(params.size());
  command.extent = header.extent;
  command.grain = header.grain;
  command.name = header.name;
  size_t at = words.size();
  words.resize(at + sizeof(command) / 8);
  std::memcpy(&words[at], &command, sizeof(command));
  words.insert(words.end(), operands.begin(), operands.end());
  words.insert(words.end(), params.begin(), params.end());
  ++number;
}

void Commands::write(const TrainTensor &tensor) {
  writes.push_back({number - 1, number - 1, tensor.type, 0, tensor.offset, tensor.bytes});
}

void Toy::finish() {
  for (size_t i = 0; i < programs.size(); ++i) {
    TrainProgram &program = programs[i];
    program.commands = commands[i].data();
    program.command_bytes = commands[i].bytes();
    program.command_count = commands[i].count();
    program.inputs = inputs[i].data();
    program.input_count = uint32_t(inputs[i].size());
    program.outputs = outputs[i].data();
    program.output_count = uint32_t(outputs[i].size());
    program.writes = commands[i].writes.data();
    program.write_count = commands[i].writes.size();
  }
  executable.symbols = symbols.data();
  executable.symbol_count = uint32_t(symbols.size());
  executable.programs = programs.data();
  executable.program_count = uint32_t(programs.size());
  executable.kernels = kernels.data();
  executable.kernel_count = uint32_t(kernels.size());
  executable.locations = locations.data();
  executable.location_count = uint32_t(locations.size());
}

void makeRegression(Toy &toy, int64_t samples, int64_t microBatches, uint32_t threads) {
  uint64_t arena = 0;
  auto weight = tensor("model.weight", TRAIN_TYPE_F32, {3}, arena);
  auto bias = tensor("model.bias", TRAIN_TYPE_F32, {}, arena);
  auto slotWeight = tensor("model.weight.momentum", TRAIN_TYPE_F32, {3}, arena);
  auto slotBias = tensor("model.bias.momentum", TRAIN_TYPE_F32, {}, arena);
  auto counter = tensor("step", TRAIN_TYPE_I64, {}, arena);
  auto x = tensor("x", TRAIN_TYPE_F32, {samples, 3}, arena);
  auto labels = tensor("labels", TRAIN_TYPE_F32, {samples}, arena);
  auto rate = tensor("lr", TRAIN_TYPE_F32, {}, arena);
  auto key = tensor("key", TRAIN_TYPE_I64, {3}, arena);
  auto gradient = tensor("gradient", TRAIN_TYPE_F32, {4}, arena);
  auto loss = tensor("loss", TRAIN_TYPE_F32, {}, arena);
  auto norm = tensor("grad_norm", TRAIN_TYPE_F32, {}, arena);
  setCommon(toy, "regression", arena, threads);
  toy.symbols = {
      symbol(weight, TRAIN_ROLE_PARAMETER, TRAIN_INIT_NORMAL, 0, 0.5),
      symbol(bias, TRAIN_ROLE_PARAMETER, TRAIN_INIT_ZEROS),
      symbol(slotWeight, TRAIN_ROLE_OPTIMIZER, TRAIN_INIT_ZEROS, 0, 0, "model.weight"),
      symbol(slotBias, TRAIN_ROLE_OPTIMIZER, TRAIN_INIT_ZEROS, 0, 0, "model.bias"),
      symbol(counter, TRAIN_ROLE_COUNTER, TRAIN_INIT_ZEROS)};
  toy.kernels = {zeroKernel, regressionGradient, normKernel, momentumKernel};
  std::vector<TrainInput> inputs = {{x, TRAIN_INPUT_DATA, -1, 0},
                                    {labels, TRAIN_INPUT_DATA, -1, 0},
                                    {rate, TRAIN_INPUT_LEARNING_RATE, -1, 0},
                                    {key, TRAIN_INPUT_RANDOM_KEY, -1, 0}};
  std::vector<uint64_t> gradientOperands = {x.offset,    labels.offset,   weight.offset,
                                            bias.offset, gradient.offset, loss.offset};
  auto build = [&](int64_t count) {
    Commands commands;
    commands.add({TRAIN_COMMAND_KERNEL, 0, 4, 1, Zero}, {gradient.offset});
    commands.add({TRAIN_COMMAND_KERNEL, 0, 1, 1, Zero}, {loss.offset});
    commands.add({TRAIN_COMMAND_LOOP_BEGIN, 0, count, 1, Loop});
    commands.add({TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 1, Load});
    commands.add({TRAIN_COMMAND_KERNEL, 1, 4, 1, Gradient}, gradientOperands,
                 {samples, samples * count});
    commands.write(gradient);
    commands.write(loss);
    commands.add({TRAIN_COMMAND_LOOP_END, 0, 0, 1, Loop});
    return commands;
  };
  Commands step = build(microBatches);
  step.add({TRAIN_COMMAND_KERNEL, 2, 1, 1, Norm}, {gradient.offset, norm.offset});
  step.write(norm);
  step.add({TRAIN_COMMAND_KERNEL, 3, 4, 1, Update},
           {weight.offset, bias.offset, gradient.offset, slotWeight.offset,
            slotBias.offset, rate.offset, counter.offset});
  for (const TrainTensor &written : {weight, bias, slotWeight, slotBias, counter})
    step.write(written);
  addProgram(toy, "step", TRAIN_PROGRAM_STEP, microBatches, samples, std::move(step),
             inputs, {loss, norm});
  addProgram(toy, "eval", TRAIN_PROGRAM_EVAL, 1, samples, build(1),
             {inputs[0], inputs[1]}, {loss});
  toy.finish();
}

void makeBigram(Toy &toy, int64_t samples, int64_t window, uint32_t threads) {
  uint64_t arena = 0;
  auto table = tensor("table", TRAIN_TYPE_F32, {256, 256}, arena);
  auto tokens = tensor("tokens", TRAIN_TYPE_I32, {samples, window}, arena);
  auto labels = tensor("labels", TRAIN_TYPE_I32, {samples, window}, arena);
  auto rate = tensor("lr", TRAIN_TYPE_F32, {}, arena);
  auto gradient = tensor("gradient", TRAIN_TYPE_F32, {256, 256}, arena);
  auto loss = tensor("loss", TRAIN_TYPE_F32, {}, arena);
  auto logits = tensor("logits", TRAIN_TYPE_F32, {samples, window, 256}, arena);
  setCommon(toy, "bigram", arena, threads);
  toy.symbols = {symbol(table, TRAIN_ROLE_PARAMETER, TRAIN_INIT_NORMAL, 0, 0.01)};
  toy.kernels = {zeroKernel, bigramLoss, bigramUpdate, bigramLogits};
  TrainInput tokenInput = {tokens, TRAIN_INPUT_DATA, 256, 0};
  TrainInput labelInput = {labels, TRAIN_INPUT_DATA, -1, 0};
  int64_t positions = samples * window;

  Commands step;
  step.add({TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 1, Load});
  step.add({TRAIN_COMMAND_KERNEL, 0, 65536, 1024, Zero}, {gradient.offset});
  step.add({TRAIN_COMMAND_KERNEL, 1, 1, 1, Loss},
           {tokens.offset, labels.offset, table.offset, gradient.offset, loss.offset},
           {positions, 1});
  step.write(gradient);
  step.write(loss);
  step.add({TRAIN_COMMAND_KERNEL, 2, 65536, 1024, Update},
           {table.offset, gradient.offset, rate.offset});
  step.write(table);
  addProgram(toy, "step", TRAIN_PROGRAM_STEP, 1, samples, std::move(step),
             {tokenInput, labelInput, {rate, TRAIN_INPUT_LEARNING_RATE, -1, 0}}, {loss});

  Commands eval;
  eval.add({TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 1, Load});
  eval.add({TRAIN_COMMAND_KERNEL, 1, 1, 1, Loss},
           {tokens.offset, labels.offset, table.offset, gradient.offset, loss.offset},
           {positions, 0});
  eval.write(loss);
  addProgram(toy, "eval", TRAIN_PROGRAM_EVAL, 1, samples, std::move(eval),
             {tokenInput, labelInput}, {loss});

  Commands predict;
  predict.add({TRAIN_COMMAND_KERNEL, 3, positions, 4, Logits},
              {tokens.offset, table.offset, logits.offset});
  predict.write(logits);
  addProgram(toy, "predict", TRAIN_PROGRAM_PREDICT, 1, samples, std::move(predict),
             {tokenInput}, {logits});
  toy.finish();
}

} // namespace train::toy
