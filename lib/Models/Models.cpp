//===- Models.cpp - from options to a model -----------------------------------===//
//
// The table of families, and the checks that all share: an option that a family doesn't
// have is refused by name, because a setting that is silently ignored costs a training
// run.
//
//===----------------------------------------------------------------------===//
#include "train/Models/Models.h"
#include "Families.h"
#include "train/Support/NearestName.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace train;

static const std::vector<Family> &families() {
  static const std::vector<Family> table = {
      {"mlp", {"widths", "loss", "dropout"}, buildMlp},
      {"resnet", {"width", "image", "channels", "classes"}, buildResnet},
      {"unet", {"layers", "width", "image", "channels", "classes"}, buildUnet},
      {"gpt2",
       {"layers", "width", "heads", "hidden", "seq", "positions", "vocab", "dropout",
        "tied", "untied", "bidirectional"},
       buildGpt2},
      {"bert",
       {"layers", "width", "heads", "hidden", "seq", "positions", "vocab", "dropout",
        "head", "classes"},
       buildBert},
      {"vit",
       {"layers", "width", "heads", "hidden", "image", "patch", "channels", "classes",
        "dropout"},
       buildVit},
      {"llama",
       {"layers", "width", "heads", "kv-heads", "hidden", "seq", "vocab", "rope-base",
        "tied", "untied", "bidirectional"},
       buildLlama},
  };
  return table;
}

std::vector<std::string> train::modelFamilies() {
  std::vector<std::string> names;
  for (const Family &family : families())
    names.push_back(family.name.str());
  return names;
}

/// The options that were given, except those that all families have.
static std::vector<StringRef> givenOptions(const ModelOptions &options) {
  std::vector<StringRef> given;
  auto note = [&](bool present, StringRef name) {
    if (present)
      given.push_back(name);
  };
  note(options.layers.has_value(), "layers");
  note(options.width.has_value(), "width");
  note(options.heads.has_value(), "heads");
  note(options.kvHeads.has_value(), "kv-heads");
  note(options.hidden.has_value(), "hidden");
  note(options.seq.has_value(), "seq");
  note(options.positions.has_value(), "positions");
  note(options.vocab.has_value(), "vocab");
  note(options.classes.has_value(), "classes");
  note(options.image.has_value(), "image");
  note(options.patch.has_value(), "patch");
  note(options.channels.has_value(), "channels");
  note(!options.widths.empty(), "widths");
  note(options.dropout.has_value(), "dropout");
  note(options.ropeBase.has_value(), "rope-base");
  note(options.head.has_value(), "head");
  note(options.loss.has_value(), "loss");
  note(options.tied, "tied");
  note(options.untied, "untied");
  note(options.bidirectional, "bidirectional");
  return given;
}

OwningOpRef<ModuleOp> train::buildModel(MLIRContext *context, const ModelOptions &options,
                                        std::string &error) {
  auto family = llvm::find_if(families(),
                              [&](const Family &f) { return f.name == options.family; });
  if (family == families().end()) {
    error = "unknown family '" + options.family + "'" +
            didYouMean(options.family, modelFamilies(),
                       "; expected " + llvm::join(modelFamilies(), ", "));
    return nullptr;
  }
  for (StringRef option : givenOptions(options))
    if (!llvm::is_contained(family->options, option)) {
      error = ("family '" + family->name + "' has no option --" + option).str();
      return nullptr;
    }
  Settings settings(options);
  if (options.tied && options.untied)
    settings.fail("--tied and --untied exclude each other");
  // What a builder can't foresee, such as a tensor beyond all bounds, the verifier says.
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    settings.fail(diagnostic.str());
    return success();
  });
  OwningOpRef<ModuleOp> module;
  if (settings.ok())
    module = family->build(context, settings);
  if (!settings.ok()) {
    error = settings.message();
    return nullptr;
  }
  return module;
}

int64_t train::countParameters(ModuleOp module) {
  int64_t count = 0;
  for (ParamOp param : module.getOps<ParamOp>())
    count += cast<RankedTensorType>(param.getType()).getNumElements();
  return count;
}

//===-- Settings ------------------------------------------------------------===//

// Sizes beyond these are slips of the keyboard.
static constexpr int64_t largestSize = 1 << 24;
static constexpr int64_t mostLayers = 10000;

void Settings::fail(const Twine &what) {
  if (error.empty())
    error = what.str();
}

int64_t Settings::get(const std::optional<int64_t> ModelOptions::*option,
                      const char *name, int64_t fallback, int64_t minimum) {
  int64_t value = (options.*option).value_or(fallback);
  int64_t most = option == &ModelOptions::layers ? mostLayers : largestSize;
  if (value >= minimum && value <= most)
    return value;
  fail("--" + Twine(name) + " expects a number from " + Twine(minimum) + " to " +
       Twine(most) + ", got " + Twine(value));
  return fallback;
}

double Settings::dropout() {
  double rate = options.dropout.value_or(0);
  if (rate >= 0 && rate < 1)
    return rate;
  fail("--dropout expects a rate of at least 0 and below 1, got " +
       Twine(std::to_string(rate)));
  return 0;
}

std::string Settings::word(const std::optional<std::string> ModelOptions::*option,
                           const char *name, ArrayRef<StringRef> words) {
  std::string value = (options.*option).value_or(words.front().str());
  if (!llvm::is_contained(words, value))
    fail("--" + Twine(name) + " expects " + llvm::join(words, ", ") + "; got '" + value +
         "'");
  return value;
}

int Settings::size(ArrayRef<StringRef> sizes) {
  if (options.size.empty())
    return -1;
  for (auto [i, name] : llvm::enumerate(sizes))
    if (name.equals_insensitive(options.size))
      return i;
  fail("family '" + options.family + "' has no size '" + options.size + "'" +
       (sizes.empty() ? std::string() : "; expected " + llvm::join(sizes, ", ")));
  return -1;
}

TransformerShape Settings::transformer(ArrayRef<NamedShape> sizes) {
  SmallVector<StringRef> names;
  for (const NamedShape &named : sizes)
    names.push_back(named.name);
  TransformerShape base = sizes[std::max(0, size(names))].shape, shape;
  shape.layers = get(&ModelOptions::layers, "layers", base.layers);
  shape.width = get(&ModelOptions::width, "width", base.width);
  bool resized = shape.width != base.width;
  shape.heads =
      get(&ModelOptions::heads, "heads", resized ? (shape.width + 63) / 64 : base.heads);
  shape.hidden = get(&ModelOptions::hidden, "hidden",
                     resized ? (shape.width * base.hidden + base.width - 1) / base.width
                             : base.hidden);
  divides(shape.heads, "heads", shape.width, "width");
  return shape;
}

void Settings::divides(int64_t value, const char *name, int64_t whole,
                       const char *wholeName) {
  if (whole % value != 0)
    fail("--" + Twine(name) + "=" + Twine(value) + " does not divide --" + wholeName +
         "=" + Twine(whole));
}
