// Registers the dialect's ops and attributes, and answers what concerns all of them.
#include "train/IR/TrainDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "train/Interfaces/Quantization.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace train;

#include "train/IR/TrainDialect.cpp.inc"
#include "train/IR/TrainEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "train/IR/TrainAttrs.cpp.inc"

void TrainDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "train/IR/TrainAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/ConstantOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/ContractionOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/ElementwiseOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/IndexOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/LossOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/OptimizerOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/PrecisionOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/ProgramOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/RandomOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/ReductionOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "train/IR/ShapeOps.cpp.inc"
      >();
  attachQuantizationInterfaces(getContext());
}

Operation *TrainDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                             Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}

LogicalResult TrainDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attribute) {
  if (attribute.getName() == kStageAttr) {
    if (!isa<ModuleOp>(op))
      return op->emitOpError("attribute '") << kStageAttr << "' belongs on the module";
    if (!isa<StageAttr>(attribute.getValue()))
      return op->emitOpError("attribute '")
             << kStageAttr << "' must be a #train.stage, got " << attribute.getValue();
  }
  return success();
}

Stage train::getStage(ModuleOp module) {
  auto stage = module->getAttrOfType<StageAttr>(kStageAttr);
  return stage ? stage.getValue() : Stage::Graph;
}

void train::setStage(ModuleOp module, Stage stage) {
  module->setAttr(kStageAttr, StageAttr::get(module.getContext(), stage));
}
