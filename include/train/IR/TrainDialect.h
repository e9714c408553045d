// The `train` dialect: everything a file needs to see its ops.
#ifndef TRAIN_IR_TRAINDIALECT_H
#define TRAIN_IR_TRAINDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "train/Interfaces/Interfaces.h"

#include "train/IR/TrainDialect.h.inc"
#include "train/IR/TrainEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "train/IR/TrainAttrs.h.inc"

#define GET_OP_CLASSES
#include "train/IR/ConstantOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/ContractionOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/ElementwiseOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/IndexOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/LossOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/OptimizerOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/PrecisionOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/ProgramOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/RandomOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/ReductionOps.h.inc"
#define GET_OP_CLASSES
#include "train/IR/ShapeOps.h.inc"

namespace train {

/// The attribute on the module that names its stage (docs/pipeline.md).
inline constexpr llvm::StringLiteral kStageAttr = "train.stage";
/// The discardable attribute that carries a layer's name after its scope is inlined.
inline constexpr llvm::StringLiteral kLayerAttr = "train.layer";

/// The stage of a module; a module without the attribute is at stage graph.
Stage getStage(mlir::ModuleOp module);
void setStage(mlir::ModuleOp module, Stage stage);

/// Rows and columns of the blocks of a tensor's last two dimensions that have a scale
/// each; one row where it has one dimension.
struct BlockSize {
  int64_t rows, columns;
};
/// From the types of a tensor and of its blocks' scales, which quantize_blocks has
/// verified.
BlockSize getBlockSize(mlir::RankedTensorType tensor, mlir::RankedTensorType scales);

} // namespace train

#endif // TRAIN_IR_TRAINDIALECT_H
