//===- Quantize.cpp - train-quantize ----------------------------------------===//
//
// Puts a quantize and a dequantize between each marked product and its operands, and the
// scales that they take into states. Passes.td describes what comes out, Recipes.h in
// which types.
//
//===----------------------------------------------------------------------===//
#include "../FlatBody.h"
#include "Recipes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/Interfaces/Quantization.h"
#include "train/Support/NearestName.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

#include <limits>

namespace train {
#define GEN_PASS_DEF_TRAINQUANTIZE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

RankedTensorType getTensor(Value value) {
  return cast<RankedTensorType>(value.getType());
}

StringRef getRoleName(OperandRole role) {
  switch (role) {
  case OperandRole::Input:
    return "input";
  case OperandRole::Weight:
    return "weight";
  case OperandRole::OutputGradient:
    return "output_grad";
  }
  return "";
}

/// The scales of delayed scaling as symbols of the module.
class ScaleStates {
public:
  ScaleStates(ModuleOp module, int64_t history)
      : module(module), symbols(module), history(history) {}

  struct Names {
    FlatSymbolRefAttr scale, amax;
  };

  /// The states of `parameter`'s tensor `role`, made where there are none of ours.
  FailureOr<Names> get(FlatSymbolRefAttr parameter, OperandRole role) {
    auto [found, isNew] = all.try_emplace({parameter, role});
    if (!isNew)
      return found->second;
    Builder builder(module.getContext());
    std::string stem = (parameter.getValue() + "." + getRoleName(role)).str();
    Type f32 = builder.getF32Type();
    FailureOr<FlatSymbolRefAttr> scale = add(parameter, stem + "_scale",
                                             RankedTensorType::get({}, f32),
                                             FillAttr::get(module.getContext(), 1.0)),
                                 amax = add(parameter, stem + "_amax",
                                            RankedTensorType::get({history}, f32),
                                            ZerosAttr::get(module.getContext()));
    if (failed(scale) || failed(amax))
      return failure();
    found->second = {*scale, *amax};
    return found->second;
  }

  /// Whether the step has them; no other program makes any.
  bool has(FlatSymbolRefAttr parameter, OperandRole role) const {
    return all.contains({parameter, role});
  }

private:
  FailureOr<FlatSymbolRefAttr> add(FlatSymbolRefAttr parameter, StringRef name,
                                   RankedTensorType type, Attribute init) {
    Operation *owner = symbols.lookup(parameter.getValue());
    if (!isa_and_nonnull<ParamOp>(owner))
      return module.emitError("a product is marked to be one with @")
             << parameter.getValue() << ", which is no parameter";
    if (Operation *existing = symbols.lookup(name)) {
      InFlightDiagnostic diagnostic =
          existing->emitOpError("has the name of a state of delayed scaling, '")
          << name << "'";
      diagnostic.attachNote(owner->getLoc()) << "the scale is for products with this";
      return diagnostic;
    }
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfter(last ? last : lastParam());
    auto state = StateOp::create(builder, owner->getLoc(), name, type, init,
                                 StateRole::Other, parameter, /*offset=*/nullptr);
    symbols.insert(state);
    last = state;
    return FlatSymbolRefAttr::get(state.getSymNameAttr());
  }

  Operation *lastParam() {
    Operation *found = nullptr;
    for (auto param : module.getOps<ParamOp>())
      found = param;
    return found;
  }

  ModuleOp module;
  SymbolTable symbols;
  int64_t history;
  DenseMap<std::pair<Attribute, OperandRole>, Names> all;
  Operation *last = nullptr;
};

/// A value in few bits, with its scales.
struct Narrow {
  Value q;
  Value blockScales, scale; ///< null where the format has none
};

/// Rewrites one program.
class ProgramQuantizer {
public:
  ProgramQuantizer(ProgramOpInterface program, const Recipes &recipes,
                   ScaleStates &states, int64_t margin, int64_t site)
      : program(program), body(*program.getBodyBlock()), recipes(recipes), states(states),
        margin(margin), nextSite(site) {}

  LogicalResult run() {
    SmallVector<std::pair<Operation *, LinearProduct>> marked;
    for (Operation &op : body) {
      if (auto constant = dyn_cast<ConstantOp>(op);
          constant && constant->hasAttr(kSeedAttr))
        seed = constant;
      if (std::optional<LinearProduct> product = getLinearProduct(&op)) {
        if (!product->format.empty())
          marked.push_back({&op, *product});
        products.insert(&op);
      }
    }
    for (auto &[op, product] : marked)
      if (failed(rewrite(op, product)))
        return failure();
    for (Operation *op : products)
      op->removeAttr(kProductAttr);
    writeScales();
    eraseDeadOps(body);
    return success();
  }

  int64_t getNextSite() const { return nextSite; }
  ArrayRef<int64_t> getCounts() const { return counts; }

private:
  /// One operand of a product, and how it will be stored.
  struct Operand {
    unsigned number = 0;
    OperandRole role = OperandRole::Input;
    int64_t dimension = 0;
    StorageFormat format;
  };

  LogicalResult rewrite(Operation *op, const LinearProduct &product) {
    auto contraction = dyn_cast<ContractionOpInterface>(op);
    if (!contraction)
      return op->emitOpError("is marked '")
             << kProductAttr << "' and sums no products over one dimension";
    SmallVector<Operand> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned number = operand.getOperandNumber();
      std::optional<int64_t> dimension = contraction.getContractedDimension(number);
      if (!dimension)
        continue;
      OperandRole role = getRole(product, number);
      StorageFormat format =
          recipes.choose(op->getContext(), product.format, product.product, role);
      RankedTensorType type = getTensor(operand.get());
      if (format.hasBlocks() && !format.getScalesType(type, *dimension)) {
        remark::missed(op->getLoc(),
                       remark::RemarkOpts::name("NotInBlocks").category("train-quantize"))
            << remark::add(
                   "the {0} product with @{1} stays wide: its {2} does not divide "
                   "into blocks of {3}",
                   getProductName(product.product), product.parameter.getValue(),
                   getRoleName(role), format.along)
            << remark::metric("summed", type.getDimSize(*dimension));
        return success();
      }
      // What the step does not scale, evaluation cannot.
      if (format.scaling == StorageFormat::Scaling::Delayed && !isStep() &&
          !states.has(product.parameter, role) && !isShared(operand.get(), format))
        return success();
      operands.push_back({number, role, *dimension, format});
    }
    // Both or none; a product of transposed rows has them along the last dimension.
    bool canRotate = llvm::all_of(operands, [&](const Operand &operand) {
      return operand.dimension == getTensor(op->getOperand(operand.number)).getRank() - 2;
    });
    for (Operand &operand : operands) {
      operand.format.isRotated &= canRotate;
      if (failed(replace(op, product, operand)))
        return failure();
    }
    ++counts[static_cast<unsigned>(product.product)];
    return success();
  }

  static OperandRole getRole(const LinearProduct &product, unsigned number) {
    bool isMarked = number == product.operand;
    switch (product.product) {
    case Product::Forward:
      return isMarked ? OperandRole::Weight : OperandRole::Input;
    case Product::DataGradient:
      return isMarked ? OperandRole::OutputGradient : OperandRole::Weight;
    case Product::WeightGradient:
      return isMarked ? OperandRole::OutputGradient : OperandRole::Input;
    }
    return OperandRole::Input;
  }

  bool isStep() const { return isa<StepOp>(program); }

  LogicalResult replace(Operation *op, const LinearProduct &product,
                        const Operand &operand) {
    OpOperand &use = op->getOpOperand(operand.number);
    OpBuilder builder(op);
    FailureOr<Narrow> narrow = operand.role == OperandRole::Weight
                                   ? quantizeWeight(op, product, operand)
                                   : quantizeValue(op, product, operand);
    if (failed(narrow))
      return failure();
    RankedTensorType type = getTensor(use.get());
    Value q = narrow->q;
    if (getTensor(q).getShape() != type.getShape())
      q = ReshapeOp::create(builder, op->getLoc(), q, type.getShape());
    Operation *wide;
    if (narrow->blockScales)
      wide = DequantizeBlocksOp::create(builder, op->getLoc(), type, q,
                                        narrow->blockScales, narrow->scale);
    else
      wide = DequantizeOp::create(builder, op->getLoc(), type, q, narrow->scale);
    markLike(wide, op, operand.role);
    use.set(wide->getResult(0));
    return success();
  }

  /// What is made for a product belongs to its layer, its region and its chunk.
  void markLike(Operation *made, Operation *op, OperandRole role) {
    own.insert(made);
    for (StringRef name : {StringRef(kLayerAttr), StringRef(kCheckpointAttr)})
      if (Attribute value = op->getAttr(name))
        made->setAttr(name, value);
    if (Attribute chunk = op->getAttr(kChunkAttr); chunk && !isa<AmaxOp>(made))
      made->setAttr(kChunkAttr, chunk);
    if (role == OperandRole::Weight)
      made->setAttr(kAtUseAttr, UnitAttr::get(made->getContext()));
  }

  //===-- Values ----------------------------------------------------------------===//

  /// The value below views that only change the shape: all of them are one in memory.
  static Value getSource(Value value) {
    while (auto result = dyn_cast<OpResult>(value)) {
      ResultStorage storage = getResultStorage(result);
      if (storage.kind != ResultStorage::Kind::View)
        break;
      Value below = result.getOwner()->getOperand(storage.operand);
      if (getTensor(below).getNumElements() != getTensor(value).getNumElements())
        break;
      value = below;
    }
    return value;
  }

  /// What two products have to agree in to read the same narrow value: the source and the
  /// type, and in which blocks.
  struct Form {
    Value source;
    Type element;
    SmallVector<int64_t> shape; ///< empty where there are no blocks
    int64_t dimension = -1;
    bool operator==(const Form &other) const {
      return source == other.source && element == other.element && shape == other.shape &&
             dimension == other.dimension;
    }
  };

  static Form getForm(Value value, const Operand &operand) {
    Form form{getSource(value), operand.format.element, {}, -1};
    if (operand.format.hasBlocks()) {
      form.shape.assign(getTensor(value).getShape());
      form.dimension = operand.dimension;
    }
    return form;
  }

  FailureOr<Narrow> quantizeValue(Operation *op, const LinearProduct &product,
                                  const Operand &operand) {
    Value value = op->getOperand(operand.number);
    // The wide value lives in any case.
    bool isMadeAgain = operand.role == OperandRole::Input &&
                       product.product != Product::Forward &&
                       isReadBackward(getSource(value));
    if (operand.format.isRotated)
      value = rotate(op, value, isMadeAgain);
    Form form = getForm(value, operand);
    FailureOr<Value> scale = getScale(op, product, operand, form.source);
    if (failed(scale))
      return failure();
    if (isMadeAgain) {
      OpBuilder builder(op);
      return quantize(builder, op, value, operand, *scale);
    }
    for (auto &[known, narrow] : narrowed)
      if (known == form)
        return narrow;
    OpBuilder builder(op->getContext());
    setAfter(builder, form.source, *scale);
    if (getTensor(form.source).getShape() != getTensor(value).getShape())
      value = ReshapeOp::create(builder, op->getLoc(), form.source,
                                getTensor(value).getShape());
    else
      value = form.source;
    Narrow narrow = quantize(builder, op, value, operand, *scale);
    narrowed.push_back({form, narrow});
    return narrow;
  }

  /// `value` with each 16 rows multiplied by one orthogonal matrix, a Hadamard matrix
  /// with the signs of some columns changed: right after what makes it, or right before
  /// `op`.
  Value rotate(Operation *op, Value value, bool isMadeAgain) {
    constexpr int64_t kSize = 16;
    constexpr unsigned kSigns = 0x9d3a; // any that are no row of the matrix
    RankedTensorType type = getTensor(value);
    Value source = getSource(value);
    if (!isMadeAgain)
      for (auto &[known, rotated] : rotations)
        if (known == source && rotated.getType() == type)
          return rotated;
    OpBuilder builder(op);
    if (!isMadeAgain)
      setAfter(builder, source, Value());
    SmallVector<float> elements;
    for (unsigned i = 0; i < kSize; ++i)
      for (unsigned j = 0; j < kSize; ++j) {
        bool isNegative = (llvm::popcount(i & j) + (kSigns >> j)) & 1;
        elements.push_back(isNegative ? -0.25f : 0.25f);
      }
    Location loc = op->getLoc();
    auto matrixType = RankedTensorType::get({kSize, kSize}, type.getElementType());
    SmallVector<APFloat> rounded;
    for (float element : elements) {
      APFloat number(element);
      bool losesInfo = false;
      number.convert(cast<FloatType>(type.getElementType()).getFloatSemantics(),
                     APFloat::rmNearestTiesToEven, &losesInfo);
      rounded.push_back(number);
    }
    Value matrix =
        ConstantOp::create(builder, loc, DenseElementsAttr::get(matrixType, rounded));
    int64_t width = type.getShape().back();
    Value blocks = ReshapeOp::create(
        builder, loc, source,
        ArrayRef<int64_t>{type.getNumElements() / (kSize * width), kSize, width});
    Operation *product =
        MatmulOp::create(builder, loc, matrix, blocks, Value(), false, false);
    markLike(product, op, OperandRole::Input);
    Value rotated =
        ReshapeOp::create(builder, loc, product->getResult(0), type.getShape());
    if (!isMadeAgain)
      rotations.push_back({source, rotated});
    return rotated;
  }

  /// The weight is read from the parameter itself: rounded once, and no copy in between.
  FailureOr<Narrow> quantizeWeight(Operation *op, const LinearProduct &product,
                                   const Operand &operand) {
    OpBuilder builder(op);
    Value value = op->getOperand(operand.number);
    SmallVector<Operation *> views;
    ReadOp read;
    while (Operation *definition = value.getDefiningOp()) {
      if ((read = dyn_cast<ReadOp>(definition)))
        break;
      if (!isa<CastOp>(definition))
        views.push_back(definition);
      value = definition->getOperand(0);
    }
    if (!read)
      return op->emitOpError("is marked '")
             << kProductAttr << "' and does not read its parameter";
    // Blocks are made of nothing wider than f32.
    if (operand.format.hasBlocks() && getTensor(read).getElementType().isF64()) {
      FailureOr<Value> scale = getScale(op, product, operand, read);
      if (failed(scale))
        return failure();
      return quantize(builder, op, op->getOperand(operand.number), operand, *scale);
    }
    FailureOr<Value> scale = getScale(op, product, operand, read);
    if (failed(scale))
      return failure();
    value = read;
    for (Operation *view : llvm::reverse(views)) {
      IRMapping mapping;
      mapping.map(view->getOperand(0), value);
      Value shown = builder.clone(*view, mapping)->getResult(0);
      shown.setType(getTensor(shown).clone(getTensor(value).getElementType()));
      value = shown;
    }
    return quantize(builder, op, value, operand, *scale);
  }

  Narrow quantize(OpBuilder &builder, Operation *op, Value value, const Operand &operand,
                  Value scale) {
    const StorageFormat &format = operand.format;
    RankedTensorType type = getTensor(value).clone(format.element);
    Value key;
    IntegerAttr site, samples;
    if (format.isRandom) {
      key = getKey();
      site = builder.getI64IntegerAttr(nextSite++);
      samples = builder.getI64IntegerAttr(getSamples(type));
    }
    Narrow narrow{nullptr, nullptr, scale};
    Operation *made;
    if (format.hasBlocks()) {
      RankedTensorType scales = format.getScalesType(type, operand.dimension);
      auto blocks = QuantizeBlocksOp::create(builder, op->getLoc(), type, scales, value,
                                             scale, key, site, samples);
      narrow.q = blocks.getQ();
      narrow.blockScales = blocks.getScales();
      made = blocks;
    } else {
      made = QuantizeOp::create(builder, op->getLoc(), type, value, scale, key, site,
                                samples);
      narrow.q = made->getResult(0);
    }
    markLike(made, op, operand.role);
    return narrow;
  }

  /// Whether backward reads `source` for anything but the products that are rewritten.
  bool isReadBackward(Value source) const {
    for (Operation *user : source.getUsers()) {
      if (user->getBlock() != &body || products.contains(user))
        continue;
      OpResult result = user->getNumResults() ? user->getResult(0) : OpResult();
      if (result && getResultStorage(result).kind == ResultStorage::Kind::View) {
        if (isReadBackward(result))
          return true;
        continue;
      }
      if (seed && seed->isBeforeInBlock(user) && !own.contains(user))
        return true;
    }
    return false;
  }

  /// Puts the builder after what defines `values`.
  void setAfter(OpBuilder &builder, Value value, Value other) {
    Operation *last = nullptr;
    for (Value each : {value, other})
      if (Operation *definition = each ? each.getDefiningOp() : nullptr)
        if (!last || last->isBeforeInBlock(definition))
          last = definition;
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(&body);
  }

  //===-- Randomness ------------------------------------------------------------===//

  Value getKey() {
    if (key)
      return key;
    for (auto existing : body.getOps<RandomKeyOp>())
      key = existing;
    if (key) {
      key.getDefiningOp()->moveBefore(&body, body.begin());
      return key;
    }
    auto builder = OpBuilder::atBlockBegin(&body);
    auto type = RankedTensorType::get({3}, builder.getI64Type());
    return key = RandomKeyOp::create(builder, program->getLoc(), type);
  }

  /// The samples that a value holds: those of the batch, if they divide its elements.
  int64_t getSamples(RankedTensorType type) {
    for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
      int64_t dimension = program.getBatchDim(i);
      if (dimension < 0)
        continue;
      int64_t batch = getTensor(argument).getDimSize(dimension);
      return batch > 0 && type.getNumElements() % batch == 0 ? batch : 1;
    }
    return 1;
  }

  //===-- Scales of tensors -----------------------------------------------------===//

  /// A scale of a tensor, and where it comes from.
  struct TensorScale {
    Value source;
    Type element;
    Value scale;
  };

  bool isShared(Value value, const StorageFormat &format) const {
    Value source = getSource(value);
    return llvm::any_of(scales, [&](const TensorScale &known) {
      return known.source == source && known.element == format.element;
    });
  }

  /// The scale of a tensor, null where the format has none.
  FailureOr<Value> getScale(Operation *op, const LinearProduct &product,
                            const Operand &operand, Value source) {
    const StorageFormat &format = operand.format;
    if (!format.hasTensorScale())
      return Value();
    for (const TensorScale &known : scales)
      if (known.source == source && known.element == format.element)
        return known.scale;
    OpBuilder builder(op);
    if (operand.role != OperandRole::Weight)
      setAfter(builder, source, Value());
    Value scale;
    if (format.scaling == StorageFormat::Scaling::Delayed) {
      FailureOr<Value> delayed = getDelayedScale(builder, op, product, operand, source);
      if (failed(delayed))
        return failure();
      scale = *delayed;
    } else {
      // Beyond the bounds are scales of zeros, and of infinities, which saturate to
      // something that is none after the division.
      Location loc = op->getLoc();
      auto scalar = RankedTensorType::get({}, builder.getF32Type());
      Value largest = ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(scalar, static_cast<float>(format.getLargest())));
      Operation *amax = AmaxOp::create(builder, loc, scalar, source, Value());
      Operation *wanted = DivOp::create(builder, loc, largest, amax->getResult(0));
      Operation *made = ClampOp::create(builder, loc, wanted->getResult(0),
                                        builder.getF64FloatAttr(0x1p-126),
                                        builder.getF64FloatAttr(0x1p127));
      for (Operation *part : {amax, wanted, made})
        for (StringRef name : {StringRef(kLayerAttr), StringRef(kCheckpointAttr)})
          if (Attribute value = op->getAttr(name))
            part->setAttr(name, value);
      scale = made->getResult(0);
    }
    scales.push_back({source, format.element, scale});
    return scale;
  }

  /// Reads the scale that the step before has left, and sees what this step holds.
  FailureOr<Value> getDelayedScale(OpBuilder &builder, Operation *op,
                                   const LinearProduct &product, const Operand &operand,
                                   Value source) {
    FailureOr<ScaleStates::Names> names = states.get(product.parameter, operand.role);
    if (failed(names))
      return failure();
    auto scalar = RankedTensorType::get({}, builder.getF32Type());
    Delayed &delayed = delayedScales[names->scale];
    if (!delayed.scale) {
      auto first = OpBuilder::atBlockBegin(&body);
      delayed.scale = ReadOp::create(first, op->getLoc(), scalar, names->scale);
      delayed.history = names->amax;
      delayed.largest = operand.format.getLargest();
    }
    if (!isStep())
      return delayed.scale;
    // Of several values that share a scale, the largest counts.
    if (operand.role != OperandRole::Weight)
      setAfter(builder, source, delayed.amax);
    auto amax = AmaxOp::create(builder, op->getLoc(), scalar, source, delayed.amax);
    markLike(amax, op, OperandRole::Input);
    delayed.amax = amax;
    return delayed.scale;
  }

  void writeScales() {
    OpBuilder builder(body.getTerminator());
    for (auto &[name, delayed] : delayedScales) {
      if (!delayed.amax)
        continue;
      Location loc = delayed.amax.getLoc();
      auto state =
          cast<StateOp>(SymbolTable::lookupNearestSymbolFrom(program, delayed.history));
      Value history = ReadOp::create(builder, loc, state.getType(), delayed.history);
      auto update = DelayedScaleOp::create(
          builder, loc, history.getType(), delayed.scale.getType(), history,
          delayed.scale, delayed.amax, builder.getF64FloatAttr(delayed.largest),
          builder.getI64IntegerAttr(margin));
      WriteOp::create(builder, loc, delayed.history, update.getNewHistory());
      WriteOp::create(builder, loc, cast<FlatSymbolRefAttr>(name), update.getNewScale());
    }
  }

  struct Delayed {
    Value scale, amax;
    FlatSymbolRefAttr history;
    double largest = 0;
  };

  ProgramOpInterface program;
  Block &body;
  const Recipes &recipes;
  ScaleStates &states;
  int64_t margin;
  int64_t nextSite;
  ConstantOp seed;
  Value key;
  llvm::SetVector<Operation *> products;
  /// What this pass made of them.
  DenseSet<Operation *> own;
  SmallVector<std::pair<Form, Narrow>> narrowed;
  SmallVector<std::pair<Value, Value>> rotations;
  SmallVector<TensorScale> scales;
  /// By the name of the scale.
  llvm::MapVector<Attribute, Delayed> delayedScales;
  SmallVector<int64_t, kNumProducts> counts =
      SmallVector<int64_t, kNumProducts>(kNumProducts, 0);
};

struct Quantize : train::impl::TrainQuantizeBase<Quantize> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    if (failed(checkOptions(module)))
      return failure();
    auto step = findProgram<StepOp>(module);
    if (!step)
      return module.emitError("there is no train.step to quantize products in");
    Recipes recipes{fp8Recipe, fp4Recipe};
    ScaleStates states(module, history);
    int64_t site = getFreeSite(module);
    // The step first: it makes the states that the other programs read.
    SmallVector<ProgramOpInterface> programs{
        cast<ProgramOpInterface>(step.getOperation())};
    for (auto program : module.getOps<ProgramOpInterface>())
      if (!isa<GraphOp>(program) && program != programs.front())
        programs.push_back(program);
    for (ProgramOpInterface program : programs) {
      ProgramQuantizer quantizer(program, recipes, states, margin, site);
      if (failed(quantizer.run()))
        return failure();
      site = quantizer.getNextSite();
      ArrayRef<int64_t> counts = quantizer.getCounts();
      if (counts[0] + counts[1] + counts[2] != 0)
        remark::passed(program->getLoc(),
                       remark::RemarkOpts::name("Quantized").category("train-quantize"))
            << remark::add("stores the operands of {0} products in few bits",
                           counts[0] + counts[1] + counts[2])
            << remark::metric("forward", counts[0]) << remark::metric("dgrad", counts[1])
            << remark::metric("wgrad", counts[2]);
    }
    return success();
  }

  LogicalResult checkOptions(ModuleOp module) {
    for (auto [format, recipe, known] :
         {std::tuple<StringRef, StringRef, std::vector<std::string>>{
              "fp8", fp8Recipe, {"delayed", "current", "mxfp8"}},
          {"fp4", fp4Recipe, {"nvfp4", "mxfp4"}}})
      if (!llvm::is_contained(known, recipe)) {
        std::string all = "; there are " + llvm::join(known, ", ");
        return module.emitError("unknown ") << format << " recipe '" << recipe << "'"
                                            << didYouMean(recipe.str(), known, all);
      }
    if (history < 1 || history > 1024)
      return module.emitError("a delayed scale follows the last 1 to 1024 steps, got ")
             << history.getValue();
    if (margin < -64 || margin > 64)
      return module.emitError("the margin of a delayed scale is from -64 to 64, got ")
             << margin.getValue();
    return success();
  }

  /// The first site of random numbers that no op of the module has.
  static int64_t getFreeSite(ModuleOp module) {
    int64_t free = 0;
    module.walk([&](Operation *op) {
      if (auto site = op->getAttrOfType<IntegerAttr>("site"))
        free = std::max(free, site.getInt() + 1);
    });
    return free;
  }
};

} // namespace
