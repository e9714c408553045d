// See Harness.h.
#include "Harness.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "train/Conversion/CpuObject.h"
#include "train/Driver/Registration.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Transforms/Passes.h"
#include "train/rt/Executor.h"
#include "train/rt/Validate.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <cmath>
#include <cstring>
#include <dlfcn.h>

using namespace mlir;
using namespace train;
using namespace train::conformance;
using reference::EvalContext;
using reference::Tensor;
using reference::TensorRef;

Tolerance conformance::terms(int64_t n) {
  return {Tolerance::Terms, std::sqrt(double(n) + 4) * std::ldexp(1, -22)};
}
Tolerance conformance::row(int64_t n) {
  return {Tolerance::Row, (std::sqrt(double(n)) + 16) * std::ldexp(1, -22)};
}

std::unique_ptr<MLIRContext> conformance::makeContext() {
  DialectRegistry registry;
  registerTrainDialect(registry);
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

//===-- Loading ---------------------------------------------------------------===//

namespace {
/// A file that goes away with the scope.
struct TemporaryFile {
  explicit TemporaryFile(StringRef suffix) {
    if (llvm::sys::fs::createTemporaryFile("train-conformance", suffix, path))
      ADD_FAILURE() << "cannot create a temporary file";
  }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
  SmallString<128> path;
};
} // namespace

Loaded::~Loaded() {
  if (handle)
    dlclose(handle);
}

std::unique_ptr<Loaded> Loaded::load(ModuleOp module, bool batched) {
  llvm::Expected<CpuTarget> target = CpuTarget::get("native");
  if (!target) {
    ADD_FAILURE() << llvm::toString(target.takeError());
    return nullptr;
  }
  TemporaryFile object("o"), library("so");
  std::error_code error;
  {
    llvm::raw_fd_ostream os(object.path, error);
    if (error || failed(emitCpuObject(module, *target, {}, ObjectKind::Object, os))) {
      ADD_FAILURE() << "the module does not become an object";
      return nullptr;
    }
  }
  // -z defs: a kernel that calls a function which no trained executable has must not pass
  // here.
  StringRef arguments[] = {TRAIN_CXX,      "-shared",     "-nostartfiles",
                           "-fuse-ld=lld", "-Wl,-z,defs", object.path,
                           "-o",           library.path};
  std::string message;
  if (llvm::sys::ExecuteAndWait(TRAIN_CXX, arguments, std::nullopt, {}, 0, 0, &message) !=
      0) {
    ADD_FAILURE() << "the linker failed: " << message;
    return nullptr;
  }
  std::unique_ptr<Loaded> loaded(new Loaded);
  loaded->handle = dlopen(library.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded->handle) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  loaded->table = static_cast<const TrainExecutable *>(
      dlsym(loaded->handle, TRAIN_SYMBOL_EXECUTABLE));
  if (!loaded->table) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  if (rt::Status status = rt::validateExecutable(*loaded->table);
      batched && !status.ok()) {
    ADD_FAILURE() << status.message();
    return nullptr;
  }
  rt::Result<rt::Arena> memory = rt::Arena::allocate(loaded->table->arena_bytes);
  if (!memory) {
    ADD_FAILURE() << memory.message();
    return nullptr;
  }
  loaded->memory = std::make_unique<rt::Arena>(std::move(*memory));
  // What no command has written must not look like a result.
  std::memset(loaded->arena(), 0xC5, loaded->table->arena_bytes);
  for (uint32_t i = 0; i < loaded->table->symbol_count; ++i) {
    const TrainSymbol &symbol = loaded->table->symbols[i];
    if (symbol.init == TRAIN_INIT_LITERAL)
      std::memcpy(loaded->arena() + symbol.tensor.offset, symbol.init_data,
                  symbol.tensor.bytes);
  }
  return loaded;
}

const TrainProgram *Loaded::findProgram(StringRef name) const {
  for (uint32_t i = 0; i < table->program_count; ++i)
    if (name == table->programs[i].name)
      return &table->programs[i];
  return nullptr;
}

const TrainSymbol *Loaded::findSymbol(StringRef name) const {
  for (uint32_t i = 0; i < table->symbol_count; ++i)
    if (name == table->symbols[i].tensor.name)
      return &table->symbols[i];
  return nullptr;
}

bool Loaded::run(const TrainProgram &program, ArrayRef<std::string> names,
                 ArrayRef<TensorRef> inputs, const EvalContext &context, int threads) {
  rt::Result<std::unique_ptr<rt::Team>> team = rt::Team::create(threads);
  if (!team) {
    ADD_FAILURE() << team.message();
    return false;
  }
  rt::Executor executor(*table, arena(), **team);
  auto fill = [&](const TrainProgram &, int64_t microBatch) {
    for (uint32_t i = 0; i < program.input_count; ++i) {
      const TrainInput &input = program.inputs[i];
      uint8_t *place = arena() + input.tensor.offset;
      if (input.role == TRAIN_INPUT_RANDOM_KEY) {
        int64_t key[3] = {context.seed, context.step, microBatch * program.samples};
        std::memcpy(place, key, sizeof(key));
        continue;
      }
      auto found = llvm::find(names, input.tensor.name);
      if (found == names.end())
        return rt::Status::error(std::string("no input ") + input.tensor.name);
      std::vector<uint8_t> bytes = reference::tensorBytes(*inputs[found - names.begin()]);
      // Streams hold one slice per micro-batch; the rate is the same for all.
      bool sliced = bytes.size() != input.tensor.bytes;
      // Not memcpy, which takes no null pointer even for the bytes of an empty tensor.
      std::copy_n(bytes.data() + (sliced ? microBatch * input.tensor.bytes : 0),
                  input.tensor.bytes, place);
    }
    return rt::Status::success();
  };
  rt::Status status = executor.run(program, fill);
  if (!status.ok())
    ADD_FAILURE() << program.name << ": " << status.message();
  return status.ok();
}

//===-- Bytes -----------------------------------------------------------------===//

Tensor Loaded::read(const TrainTensor &tensor, Type elementType) const {
  Tensor result = Tensor::zeros(
      RankedTensorType::get(ArrayRef<int64_t>(tensor.shape, tensor.rank), elementType));
  const uint8_t *bytes = arena() + tensor.offset;
  int64_t count = result.size(), size = count ? tensor.bytes / count : 0;
  for (int64_t e = 0; e < count; ++e) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + e * size, size);
    if (auto type = dyn_cast<FloatType>(elementType)) {
      APFloat value(type.getFloatSemantics(), APInt(type.getWidth(), word));
      bool lost;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      result.f[e] = value.convertToDouble();
    } else {
      unsigned width = 64 - 8 * size;
      result.i[e] = static_cast<int64_t>(word << width) >> width;
    }
  }
  return result;
}

void Loaded::write(const TrainTensor &tensor, const Tensor &value) {
  std::vector<uint8_t> bytes = reference::tensorBytes(value);
  ASSERT_EQ(bytes.size(), tensor.bytes) << tensor.name;
  std::memcpy(arena() + tensor.offset, bytes.data(), bytes.size());
}

//===-- Comparing -------------------------------------------------------------===//

// The distance between neighbours of `x` in a float type.
static double unitOf(double x, FloatType type) {
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  int lowest = APFloat::semanticsMinExponent(semantics);
  int exponent = x == 0 ? lowest : std::max(std::ilogb(x), lowest);
  return std::ldexp(1, exponent -
                           static_cast<int>(APFloat::semanticsPrecision(semantics)) + 1);
}

std::string conformance::compare(const Tensor &actual, const Tensor &expected,
                                 const Tolerance &tolerance, const Tensor *scale,
                                 const Tensor *floor) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (actual.shape != expected.shape || actual.elementType != expected.elementType) {
    os << "types differ: got " << actual.getType() << ", expected " << expected.getType();
    return text;
  }
  double largest = 0;
  for (double value : expected.f)
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  int64_t wrong = 0, worst = -1;
  double worstBy = -1;
  for (int64_t e = 0; e < expected.size(); ++e) {
    double got = actual.number(e), want = expected.number(e), by = 0;
    if (!expected.isFloat()) {
      by = actual.i[e] == expected.i[e] ? 0 : 1;
    } else if (std::isnan(want) || std::isnan(got)) {
      by = std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
    } else if (got == want) {
      by = tolerance.kind == Tolerance::Bits && std::signbit(got) != std::signbit(want);
    } else if (!std::isfinite(want)) {
      by = INFINITY;
    } else {
      double error = std::abs(got - want), allowed = 0;
      if (tolerance.kind == Tolerance::Ulp) {
        double size = std::abs(want);
        if (floor)
          size = std::max(size, std::abs(floor->f[floor->size() == 1 ? 0 : e]) / 16);
        allowed = tolerance.limit * unitOf(size, cast<FloatType>(expected.elementType));
      } else if (tolerance.kind == Tolerance::Terms) {
        allowed = tolerance.limit * scale->f[e];
      } else if (tolerance.kind == Tolerance::Row) {
        allowed = tolerance.limit * largest;
      }
      // Two sums this close may lie on two sides of where a narrow type rounds.
      auto type = cast<FloatType>(expected.elementType);
      bool sums = tolerance.kind == Tolerance::Terms || tolerance.kind == Tolerance::Row;
      if (sums && type.getWidth() < 32)
        allowed += unitOf(std::abs(want), type);
      by = error / allowed > 1 ? error / allowed : 0;
    }
    wrong += by > 0;
    if (by > worstBy)
      worstBy = by, worst = e;
  }
  if (wrong)
    os << wrong << " of " << expected.size() << " elements differ; worst is element "
       << worst << ": got " << llvm::format("%.17g", actual.number(worst))
       << ", expected " << llvm::format("%.17g", expected.number(worst)) << ", "
       << llvm::format("%.3g", worstBy) << " times what is allowed";
  return text;
}

//===-- Cases -----------------------------------------------------------------===//

// "%a: T, %b: U" into names and types; commas inside <> belong to the types.
static std::vector<std::pair<std::string, std::string>> splitList(StringRef list) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (list = list.ltrim(); !list.empty(); list = list.ltrim(", ")) {
    size_t end = 0;
    for (int depth = 0; end < list.size() && (depth || list[end] != ','); ++end)
      depth += list[end] == '<' ? 1 : list[end] == '>' ? -1 : 0;
    auto [name, type] = list.take_front(end).split(':');
    parts.emplace_back(name.trim().str(), type.trim().str());
    list = list.drop_front(end);
  }
  return parts;
}

std::string conformance::toText(ArrayRef<Case> cases) {
  std::string text;
  for (const Case &test : cases) {
    std::string results, values, types;
    for (auto [i, output] : llvm::enumerate(splitList(test.outputs))) {
      StringRef comma = i ? ", " : "";
      results += (comma + "o" + Twine(i) + ": " + output.second).str();
      values += (comma + output.first).str();
      types += (comma + output.second).str();
    }
    text += "train.predict @" + test.name + "(" + test.inputs + ") -> (" + results +
            ") {\n" + test.body + "\n  train.return" +
            (values.empty() ? "" : " " + values + " : " + types) + "\n}\n";
  }
  return text;
}

static double specialValue(int64_t i, FloatType type) {
  double largest = APFloat::getLargest(type.getFloatSemantics()).convertToDouble();
  double smallest =
      std::ldexp(1, APFloat::semanticsMinExponent(type.getFloatSemantics()));
  const double values[] = {
      0.0,          -0.0,          INFINITY, -INFINITY, NAN,  1.0,   -1.0, smallest,
      smallest / 8, -smallest / 4, largest,  -largest,  0.5,  -0.5,  2.0,  -2.0,
      87.0,         -87.0,         89.0,     -104.0,    10.0, -10.0, 1e-3, -1e-3,
      3.0,          -7.0,          16.5,     -16.5,     1e-5, 40.0,  -40.0};
  return values[i % std::size(values)];
}

// The number that a pattern of bits stands for.
static double valueOf(const llvm::fltSemantics &semantics, uint64_t bits) {
  APFloat value(semantics, APInt(APFloat::semanticsSizeInBits(semantics), bits));
  bool lost;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return value.convertToDouble();
}

// Where rounding f32 to a float of 8 bits or fewer changes its mind: each of its numbers,
// the middle between two, the f32s beside that, and what lies beyond the last.
static const std::vector<double> &edges() {
  static const std::vector<double> all = [] {
    std::vector<double> values = {0, INFINITY, NAN, 0x1p-149, 0x1p-127, 0x1p-126, 3e38};
    auto around = [&](double value) {
      for (float x :
           {static_cast<float>(value), std::nextafter(static_cast<float>(value), 0.0f),
            std::nextafter(static_cast<float>(value), INFINITY)})
        values.push_back(x);
    };
    for (const llvm::fltSemantics *type :
         {&APFloat::Float8E4M3FN(), &APFloat::Float8E5M2(), &APFloat::Float4E2M1FN()}) {
      double before = 0;
      for (uint64_t code = 1; code < 127; ++code) {
        double value = valueOf(*type, code);
        if (!std::isfinite(value) || value <= before)
          break;
        around(value);
        around((before + value) / 2);
        before = value;
      }
      for (double factor : {1.03125, 1.0625, 1.125, 1.25, 2.0, 1e10})
        around(before * factor);
    }
    for (int exponent = -128; exponent < 128; ++exponent) {
      around(std::ldexp(1, exponent));
      around(std::ldexp(1.5, exponent));
    }
    for (size_t i = 0, count = values.size(); i < count; ++i)
      values.push_back(-values[i]);
    return values;
  }();
  return all;
}

static void shapeInputs(ProgramOpInterface program, SmallVector<TensorRef> &inputs) {
  for (auto [i, input] : llvm::enumerate(inputs)) {
    StringRef name = program.getInputName(i);
    auto tensor = std::make_shared<Tensor>(*input);
    for (int64_t e = 0; e < tensor->size(); ++e) {
      if (!tensor->isFloat()) {
        if (name.starts_with("ign") && e % 3 == 1)
          tensor->i[e] = -100;
        if (name.starts_with("signed"))
          tensor->i[e] -= 4;
        if (name.starts_with("pos"))
          tensor->i[e] += 1;
        continue;
      }
      double &value = tensor->f[e];
      if (name.starts_with("pos"))
        value = std::abs(value) + 0.0625;
      else if (name.starts_with("int"))
        value = std::rint(3 * value);
      else if (name.starts_with("near"))
        value = std::tanh(value);
      else if (name.starts_with("sweep"))
        value = valueOf(cast<FloatType>(tensor->elementType).getFloatSemantics(), e);
      else if (name.starts_with("edges"))
        value = edges()[e % edges().size()];
      else if (name.starts_with("special"))
        // The second input walks at another pace, so that many pairs meet.
        value = specialValue(name == "special2" ? e * 7 / 31 + e : e,
                             cast<FloatType>(tensor->elementType));
    }
    tensor->round();
    input = tensor;
  }
}

static SmallVector<TensorRef> magnitudes(ArrayRef<TensorRef> inputs) {
  SmallVector<TensorRef> result;
  for (const TensorRef &input : inputs) {
    auto tensor = std::make_shared<Tensor>(*input);
    for (double &value : tensor->f)
      value = std::abs(value);
    result.push_back(tensor);
  }
  return result;
}

namespace {
/// What one variant of the module computed, by case and output.
using Outputs = std::vector<std::vector<Tensor>>;

struct Problem {
  ProgramOpInterface program;
  std::vector<std::string> names;
  SmallVector<TensorRef> inputs;
  EvalContext evaluation{reference::Mode::Native};
};
} // namespace

static bool plan(ModuleOp module, bool fuse) {
  PassManager pm(module.getContext());
  if (fuse)
    pm.addPass(createTrainFuse());
  setStage(module, fuse ? Stage::Step : Stage::Fused);
  pm.addPass(createTrainSchedule({2}));
  pm.addPass(createTrainPlanMemory({2}));
  return succeeded(pm.run(module));
}

static Outputs runAll(Loaded &loaded, ArrayRef<Problem> problems, int threads) {
  Outputs all;
  for (const Problem &problem : problems) {
    std::string name = SymbolTable::getSymbolName(problem.program).str();
    const TrainProgram *program = loaded.findProgram(name);
    std::vector<Tensor> outputs;
    if (!program)
      ADD_FAILURE() << "no program " << name;
    else if (loaded.run(*program, problem.names, problem.inputs, problem.evaluation,
                        threads))
      for (auto [i, value] : llvm::enumerate(ProgramOpInterface(problem.program)
                                                 .getBodyBlock()
                                                 ->getTerminator()
                                                 ->getOperands()))
        outputs.push_back(
            loaded.read(program->outputs[i], getElementTypeOrSelf(value.getType())));
    all.push_back(std::move(outputs));
  }
  return all;
}

static void expectEqual(const Outputs &actual, const Outputs &expected,
                        ArrayRef<Case> cases, StringRef what) {
  for (auto [i, test] : llvm::enumerate(cases))
    for (auto [k, tensor] : llvm::enumerate(expected[i])) {
      if (k >= actual[i].size())
        continue;
      std::string text = compare(actual[i][k], tensor, bits());
      EXPECT_TRUE(text.empty())
          << test.name << ", output " << k << ", " << what.str() << ": " << text;
    }
}

static void judge(Problem &problem, const Case &test, ArrayRef<Tensor> outputs) {
  reference::Interpreter interpreter(problem.evaluation);
  if (failed(interpreter.run(problem.program, problem.inputs))) {
    ADD_FAILURE() << test.name << ": the interpreter fails";
    return;
  }
  EvalContext sizes{reference::Mode::F64};
  reference::Interpreter scale(sizes);
  bool scaled = test.tolerance.kind == Tolerance::Terms;
  if (scaled)
    ASSERT_TRUE(succeeded(scale.run(problem.program, magnitudes(problem.inputs))));
  const Tensor *floor = test.tolerance.floorInput >= 0
                            ? problem.inputs[test.tolerance.floorInput].get()
                            : nullptr;
  ASSERT_EQ(outputs.size(), interpreter.getOutputs().size()) << test.name;
  for (auto [k, tensor] : llvm::enumerate(outputs)) {
    std::string text = compare(tensor, *interpreter.getOutputs()[k], test.tolerance,
                               scaled ? scale.getOutputs()[k].get() : nullptr, floor);
    EXPECT_TRUE(text.empty()) << test.name << ", output " << k << ": " << text;
  }
}

void conformance::check(ArrayRef<Case> cases) {
  std::unique_ptr<MLIRContext> context = makeContext();
  std::string text = toText(cases);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(context.get()));
  ASSERT_TRUE(module) << text;

  std::vector<Problem> problems;
  for (auto program : module->getOps<ProgramOpInterface>()) {
    Problem problem;
    problem.program = program;
    problem.inputs = reference::randomInputs(program, /*seed=*/7);
    shapeInputs(program, problem.inputs);
    for (unsigned i = 0; i < problem.inputs.size(); ++i)
      problem.names.push_back(program.getInputName(i).str());
    problem.evaluation.seed = (int64_t(5) << 33) + 11;
    problem.evaluation.step = 3;
    problems.push_back(std::move(problem));
  }
  ASSERT_EQ(problems.size(), cases.size());

  Outputs plain;
  for (bool fuse : {false, true}) {
    OwningOpRef<ModuleOp> planned = module->clone();
    ASSERT_TRUE(plan(*planned, fuse)) << "the module has no plan";
    std::unique_ptr<Loaded> loaded = Loaded::load(*planned, /*batched=*/false);
    ASSERT_TRUE(loaded);
    Outputs one = runAll(*loaded, problems, 1), two = runAll(*loaded, problems, 2);
    expectEqual(two, one, cases, "two threads against one");
    if (fuse) {
      expectEqual(one, plain, cases, "fused against unfused");
      continue;
    }
    plain = std::move(one);
    for (auto [i, test] : llvm::enumerate(cases))
      if (!plain[i].empty() || test.outputs.empty())
        judge(problems[i], test, plain[i]);
  }
}
