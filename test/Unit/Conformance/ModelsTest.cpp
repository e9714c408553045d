// Whole models: the initial parameters, one optimizer step, the loss in evaluation and
// the outputs of prediction, by the executable against the interpreter on the same bits.
//
// The step's optimizer here is AdamW with eps = 1e-3, under which an update moves by at
// most lr / eps = 1 times what a gradient does; with the usual eps it would turn a
// gradient that is zero up to rounding (key biases) into a step of full size.
#include "Harness.h"

#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/PassManager.h"
#include "train/Driver/Registration.h"
#include "train/Models/Models.h"
#include "train/Pipelines/Pipelines.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Transforms/Passes.h"
#include "train/rt/Initialize.h"

#include <cmath>
#include <cstring>
#include <functional>

using namespace mlir;
using namespace train;
using namespace train::conformance;
using reference::EvalContext;
using reference::Tensor;
using reference::TensorRef;

namespace {

struct Model {
  const char *name;
  ModelOptions options;
  /// Hundreds of roundings on the way, each relative to the largest element of a tensor.
  double tolerance = 1e-4;
  /// Rows per chunk of the loss in the executable; the interpreter has it whole.
  int64_t lossChunk = 0;
  /// What contractions compute in.
  const char *precision = "f32";
  /// How their operands are scaled in fp8 or fp4.
  const char *recipe = "";
};

void PrintTo(const Model &model, std::ostream *out) { *out << model.name; }

Model tiny(const char *name, const char *family,
           std::function<void(ModelOptions &)> choose, double tolerance = 1e-4,
           int64_t lossChunk = 0, const char *precision = "f32",
           const char *recipe = "") {
  ModelOptions options;
  options.family = family;
  options.batch = 3;
  choose(options);
  return {name, options, tolerance, lossChunk, precision, recipe};
}

void tinyTransformer(ModelOptions &o) {
  o.layers = 2;
  o.width = 24;
  o.heads = 3;
}

/// Everything divides into blocks of 32.
void tinyBlocks(ModelOptions &o) {
  o.layers = 2;
  o.width = 32;
  o.heads = 2;
  o.seq = 32;
  o.vocab = 37;
  if (o.family == "gpt2")
    o.dropout = 0.1;
  if (o.family == "llama") {
    o.kvHeads = 1;
    o.hidden = 64;
  }
}

/// A few units in the last of bf16's 8 bits, of a tensor's largest element.
constexpr double kNarrowTolerance = 0.02;
constexpr double kFp8Tolerance = 0.05, kFp4Tolerance = 0.1;

std::vector<Model> tinyModels() {
  return {
      tiny("mlp", "mlp", [](ModelOptions &o) { o.widths = {5, 33, 3}; }),
      tiny("mlp_classifier", "mlp",
           [](ModelOptions &o) {
             o.widths = {5, 7, 3};
             o.loss = "cross-entropy";
             o.dropout = 0.25;
           }),
      tiny("resnet_basic", "resnet",
           [](ModelOptions &o) {
             o.size = "18";
             o.width = 4;
             o.image = 40;
             o.classes = 3;
           }),
      tiny(
          "resnet_bottleneck", "resnet",
          [](ModelOptions &o) {
            o.size = "50";
            o.width = 2;
            o.image = 40;
            o.classes = 3;
            // Fifty layers of norms over a dozen elements at the end make much of each
            // rounding.
          },
          2e-3),
      tiny("unet", "unet",
           [](ModelOptions &o) {
             o.layers = 2;
             o.width = 4;
             o.image = 16;
           }),
      tiny("gpt2", "gpt2",
           [](ModelOptions &o) {
             tinyTransformer(o);
             o.seq = 9;
             o.vocab = 37;
             o.dropout = 0.1;
           }),
      tiny("gpt2_untied", "gpt2",
           [](ModelOptions &o) {
             tinyTransformer(o);
             o.seq = 8;
             o.vocab = 11;
             o.untied = true;
           }),
      tiny("bert_mlm", "bert",
           [](ModelOptions &o) {
             tinyTransformer(o);
             o.seq = 7;
             o.vocab = 19;
             o.head = "mlm";
           }),
      tiny("bert_classifier", "bert",
           [](ModelOptions &o) {
             tinyTransformer(o);
             o.seq = 7;
             o.vocab = 19;
             o.head = "classifier";
           }),
      tiny("vit", "vit",
           [](ModelOptions &o) {
             tinyTransformer(o);
             o.image = 16;
             o.patch = 8;
             o.classes = 5;
           }),
      tiny("llama", "llama",
           [](ModelOptions &o) {
             tinyTransformer(o);
             o.width = 16;
             o.heads = 4;
             o.kvHeads = 2;
             o.hidden = 24;
             o.seq = 9;
             o.vocab = 31;
           }),
      // 27 rows in chunks of 10, 10 and 7; 24 in 8, 8 and 8; 21 and a bias in 16 and 5.
      tiny(
          "gpt2_chunked", "gpt2",
          [](ModelOptions &o) {
            tinyTransformer(o);
            o.seq = 9;
            o.vocab = 37;
            o.dropout = 0.1;
          },
          1e-4, 10),
      tiny(
          "gpt2_untied_chunked", "gpt2",
          [](ModelOptions &o) {
            tinyTransformer(o);
            o.seq = 8;
            o.vocab = 11;
            o.untied = true;
          },
          1e-4, 8),
      tiny(
          "bert_mlm_chunked", "bert",
          [](ModelOptions &o) {
            tinyTransformer(o);
            o.seq = 7;
            o.vocab = 19;
            o.head = "mlm";
          },
          1e-4, 16),
      // Where the sums of executable and interpreter lie on two sides of a tie, what is
      // rounded to 8 bits differs by one in 256, and what follows with it.
      tiny(
          "mlp_bf16", "mlp", [](ModelOptions &o) { o.widths = {5, 33, 3}; },
          kNarrowTolerance, 0, "bf16"),
      tiny(
          "gpt2_bf16", "gpt2",
          [](ModelOptions &o) {
            tinyTransformer(o);
            o.seq = 9;
            o.vocab = 37;
            o.dropout = 0.1;
          },
          kNarrowTolerance, 10, "bf16"),
      tiny(
          "gpt2_f16", "gpt2",
          [](ModelOptions &o) {
            tinyTransformer(o);
            o.seq = 8;
            o.vocab = 11;
            o.untied = true;
          },
          kNarrowTolerance / 8, 0, "f16"),
      tiny(
          "llama_bf16", "llama",
          [](ModelOptions &o) {
            tinyTransformer(o);
            o.width = 16;
            o.heads = 4;
            o.kvHeads = 2;
            o.hidden = 24;
            o.seq = 9;
            o.vocab = 31;
          },
          kNarrowTolerance, 0, "bf16"),
      // A number of three bits, or of one, that lies on the other side of a tie moves by
      // an eighth, or by half.
      tiny("gpt2_fp8_delayed", "gpt2", tinyBlocks, kFp8Tolerance, 10, "fp8", "delayed"),
      tiny("gpt2_fp8_current", "gpt2", tinyBlocks, kFp8Tolerance, 10, "fp8", "current"),
      tiny("llama_fp8_delayed", "llama", tinyBlocks, kFp8Tolerance, 0, "fp8", "delayed"),
      tiny("gpt2_mxfp8", "gpt2", tinyBlocks, kFp8Tolerance, 0, "fp8", "mxfp8"),
      tiny("gpt2_nvfp4", "gpt2", tinyBlocks, kFp4Tolerance, 0, "fp4", "nvfp4"),
      tiny("llama_mxfp4", "llama", tinyBlocks, kFp4Tolerance, 0, "fp4", "mxfp4"),
  };
}

constexpr int64_t kSeed = 42;

class Models : public ::testing::TestWithParam<Model> {
protected:
  /// The model at stage step, for the interpreter.
  OwningOpRef<ModuleOp> buildStep(const StepOptions &options,
                                  std::optional<int64_t> lossChunk) {
    std::string error;
    OwningOpRef<ModuleOp> module = buildModel(context.get(), GetParam().options, error);
    EXPECT_TRUE(module) << error;
    PassManager pm(context.get());
    GraphOptions graph;
    graph.lossChunk = lossChunk;
    graph.precision = GetParam().precision;
    buildGraphPipeline(pm, graph);
    buildStepPipeline(pm, options);
    EXPECT_TRUE(succeeded(pm.run(*module)));
    return module;
  }

  std::unique_ptr<Loaded> compile(ModuleOp step, bool fuse) {
    OwningOpRef<ModuleOp> module = step.clone();
    PassManager pm(context.get());
    PlanOptions plan;
    plan.threads = 2;
    if (fuse)
      buildFusePipeline(pm);
    else
      setStage(*module, Stage::Fused);
    buildSchedulePipeline(pm, plan);
    buildPlanPipeline(pm, plan);
    if (failed(pm.run(*module))) {
      ADD_FAILURE() << "the model has no plan";
      return nullptr;
    }
    return Loaded::load(*module);
  }

  /// Initial values by the runtime, as an executable does at its start.
  void initialize(Loaded &loaded) {
    auto team = rt::Team::create(1);
    ASSERT_TRUE(team);
    rt::initializeSymbols(loaded.executable(), kSeed, loaded.arena(), **team);
    rt::deriveSymbols(loaded.executable(), loaded.arena(), **team);
  }

  void check(const StepOptions &options);

  std::unique_ptr<MLIRContext> context = makeContext();
};

/// What one run leaves behind: symbols by name, outputs by program and name.
using Results = std::map<std::string, Tensor>;

} // namespace

static std::vector<std::string> namesOf(ProgramOpInterface program) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < program.getBodyBlock()->getNumArguments(); ++i)
    names.push_back(program.getInputName(i).str());
  return names;
}

static Type symbolType(Operation &op) {
  if (auto param = dyn_cast<ParamOp>(op))
    return param.getType();
  if (auto state = dyn_cast<StateOp>(op))
    return state.getType();
  return Type();
}

// eval and predict first: they see the initial symbols, the step changes them.
static SmallVector<ProgramOpInterface> programsOf(ModuleOp module) {
  SmallVector<ProgramOpInterface> programs;
  for (auto program : module.getOps<ProgramOpInterface>())
    if (isa<EvalOp, PredictOp>(program))
      programs.push_back(program);
  for (auto program : module.getOps<StepOp>())
    programs.push_back(program);
  return programs;
}

static Results interpret(ModuleOp module, EvalContext &evaluation) {
  Results results;
  for (ProgramOpInterface program : programsOf(module)) {
    SmallVector<TensorRef> inputs = reference::randomInputs(program, kSeed);
    reference::Interpreter interpreter(evaluation);
    if (failed(interpreter.run(program, inputs))) {
      ADD_FAILURE() << "the interpreter fails";
      return results;
    }
    std::string name = SymbolTable::getSymbolName(program).str();
    for (auto [i, output] : llvm::enumerate(interpreter.getOutputs()))
      results[name + " " + program.getOutputName(i).str()] = *output;
  }
  for (auto &[name, value] : evaluation.symbols)
    results["@" + name] = *value;
  return results;
}

static Results execute(ModuleOp module, Loaded &loaded, const EvalContext &evaluation,
                       int threads) {
  Results results;
  for (ProgramOpInterface program : programsOf(module)) {
    std::string name = SymbolTable::getSymbolName(program).str();
    const TrainProgram *compiled = loaded.findProgram(name);
    if (!compiled ||
        !loaded.run(*compiled, namesOf(program), reference::randomInputs(program, kSeed),
                    evaluation, threads)) {
      ADD_FAILURE() << name << " does not run";
      return results;
    }
    for (auto [i, value] :
         llvm::enumerate(program.getBodyBlock()->getTerminator()->getOperands()))
      results[name + " " + program.getOutputName(i).str()] =
          loaded.read(compiled->outputs[i], getElementTypeOrSelf(value.getType()));
  }
  for (Operation &op : *module.getBody())
    if (Type type = symbolType(op)) {
      std::string name = SymbolTable::getSymbolName(&op).str();
      results["@" + name] =
          loaded.read(loaded.findSymbol(name)->tensor, getElementTypeOrSelf(type));
    }
  return results;
}

static double magnitude(const Tensor &tensor) {
  double largest = 0;
  for (double value : tensor.f)
    largest = std::max(largest, std::abs(value));
  return largest;
}

static std::string kindOf(StringRef name) {
  size_t dot = name.rfind('.');
  return name.starts_with("@") && dot != StringRef::npos ? name.drop_front(dot).str()
                                                         : name.str();
}

// A tensor that is zero up to rounding is measured against the largest of its kind (a
// model's parameters, first or second moments).
static void expectNear(const Results &actual, const Results &expected, double tolerance) {
  std::map<std::string, double> largest;
  for (auto &[name, tensor] : expected)
    largest[kindOf(name)] = std::max(largest[kindOf(name)], magnitude(tensor));
  for (auto &[name, tensor] : expected) {
    auto found = actual.find(name);
    ASSERT_NE(found, actual.end()) << name;
    Tolerance limit = tensor.isFloat() ? Tolerance{Tolerance::Row, tolerance} : bits();
    double size = magnitude(tensor);
    if (size > 0)
      limit.limit *= std::max(1.0, 0.01 * largest[kindOf(name)] / size);
    std::string text = compare(found->second, tensor, limit);
    EXPECT_TRUE(text.empty()) << name << ": " << text;
  }
}

static void expectEqual(const Results &actual, const Results &expected,
                        const char *what) {
  for (auto &[name, tensor] : expected) {
    auto found = actual.find(name);
    ASSERT_NE(found, actual.end()) << name;
    std::string text = compare(found->second, tensor, bits());
    EXPECT_TRUE(text.empty()) << name << ", " << what << ": " << text;
  }
}

void Models::check(const StepOptions &given) {
  StepOptions options = given;
  if (std::string(GetParam().precision) == "fp8")
    options.fp8Recipe = GetParam().recipe;
  if (std::string(GetParam().precision) == "fp4")
    options.fp4Recipe = GetParam().recipe;
  OwningOpRef<ModuleOp> step = buildStep(options, GetParam().lossChunk);
  OwningOpRef<ModuleOp> whole = buildStep(options, std::nullopt);
  EvalContext evaluation{reference::Mode::Native};
  evaluation.seed = kSeed;
  evaluation.step = 0;
  ASSERT_TRUE(succeeded(reference::initializeSymbols(*step, evaluation)));
  auto initial = evaluation.symbols;
  EvalContext key = evaluation;

  Results expected = interpret(*whole, evaluation), plain;
  for (bool fuse : {false, true}) {
    std::unique_ptr<Loaded> loaded = compile(*step, fuse);
    ASSERT_TRUE(loaded);
    for (int threads : {1, 2}) {
      initialize(*loaded);
      for (auto &[name, value] : initial) {
        const TrainSymbol *symbol = loaded->findSymbol(name);
        ASSERT_TRUE(symbol) << name;
        std::string text =
            compare(loaded->read(symbol->tensor, value->elementType), *value, bits());
        EXPECT_TRUE(text.empty()) << name << " at the start: " << text;
      }
      Results results = execute(*step, *loaded, key, threads);
      if (fuse || threads == 2) {
        expectEqual(results, plain,
                    fuse ? "fused against unfused" : "two threads against one");
        continue;
      }
      plain = results;
      expectNear(results, expected, GetParam().tolerance);
    }
  }
}

static StepOptions smoothStep() {
  StepOptions options;
  options.eps = 1e-3;
  options.weightDecay = 0.1;
  return options;
}

TEST_P(Models, TrainLikeTheInterpreter) { check(smoothStep()); }

TEST_P(Models, AccumulateAndClipLikeTheInterpreter) {
  StepOptions options = smoothStep();
  options.accumulate = 2;
  options.clipNorm = 0.5;
  options.optimizer = "momentum";
  check(options);
}

INSTANTIATE_TEST_SUITE_P(All, Models, ::testing::ValuesIn(tinyModels()),
                         [](const auto &info) { return info.param.name; });
