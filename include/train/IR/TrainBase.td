// The dialect and the base classes that every op family shares.
#ifndef TRAIN_BASE
#define TRAIN_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "train/Interfaces/Interfaces.td"

def Train_Dialect : Dialect {
  let name = "train";
  let summary = "Training graphs and training steps, in value semantics on tensors";
  let description = [{
    A module holds parameters and states as symbols, a graph (the forward pass and loss of one
    micro-batch), and the programs that passes derive from it: one optimizer step,
    evaluation, prediction. docs/language.md is the specification.
  }];
  let cppNamespace = "::train";
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasConstantMaterializer = 1;
}

//===-- Types that operands accept ---------------------------------------------------------===//

def Train_Float : AnyTypeOf<[F64, F32, F16, BF16]>;
def Train_Low : AnyTypeOf<[F8E4M3FN, F8E5M2, F4E2M1FN, F8E8M0FNU]>;
def Train_Int : AnyTypeOf<[I64, I32]>;
def Train_Number : AnyTypeOf<[F64, F32, F16, BF16, I64, I32]>;
def Train_Element : AnyTypeOf<[F64, F32, F16, BF16, F8E4M3FN, F8E5M2, F4E2M1FN, F8E8M0FNU, I64, I32, I8, I1]>;

def FloatTensor : StaticShapeTensorOf<[F64, F32, F16, BF16]>;
def IntTensor : StaticShapeTensorOf<[I64, I32]>;
def NumberTensor : StaticShapeTensorOf<[F64, F32, F16, BF16, I64, I32]>;
def BoolTensor : StaticShapeTensorOf<[I1]>;
def AnyTrainTensor : StaticShapeTensorOf<[F64, F32, F16, BF16, F8E4M3FN, F8E5M2, F4E2M1FN, F8E8M0FNU, I64, I32, I8, I1]>;

//===-- Attributes --------------------------------------------------------------------------===//

class Train_Attr<string name, string mnemonic_, list<Trait> traits = []>
    : AttrDef<Train_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Train_ZerosAttr : Train_Attr<"Zeros", "zeros"> {
  let summary = "initial value: all elements zero";
}
def Train_FillAttr : Train_Attr<"Fill", "constant"> {
  let summary = "initial value: all elements `value`";
  let parameters = (ins "::mlir::FloatAttr":$valueAttr);
  let assemblyFormat = "`<` $valueAttr `>`";
  let builders = [AttrBuilder<(ins "double":$value), [{
    ::mlir::Builder builder($_ctxt);
    return $_get($_ctxt, builder.getF64FloatAttr(value));
  }]>];
  let extraClassDeclaration = [{
    double getValue() const { return getValueAttr().getValueAsDouble(); }
  }];
}
def Train_NormalAttr : Train_Attr<"Normal", "normal"> {
  let summary = "initial value: normal with mean `mean` and standard deviation `stddev`";
  let parameters = (ins "::mlir::FloatAttr":$meanAttr, "::mlir::FloatAttr":$stddevAttr);
  let assemblyFormat = "`<` $meanAttr `,` $stddevAttr `>`";
  let builders = [AttrBuilder<(ins "double":$mean, "double":$stddev), [{
    ::mlir::Builder builder($_ctxt);
    return $_get($_ctxt, builder.getF64FloatAttr(mean), builder.getF64FloatAttr(stddev));
  }]>];
  let extraClassDeclaration = [{
    double getMean() const { return getMeanAttr().getValueAsDouble(); }
    double getStddev() const { return getStddevAttr().getValueAsDouble(); }
  }];
}
def Train_UniformAttr : Train_Attr<"Uniform", "uniform"> {
  let summary = "initial value: uniform in [`low`, `high`)";
  let parameters = (ins "::mlir::FloatAttr":$lowAttr, "::mlir::FloatAttr":$highAttr);
  let assemblyFormat = "`<` $lowAttr `,` $highAttr `>`";
  let builders = [AttrBuilder<(ins "double":$low, "double":$high), [{
    ::mlir::Builder builder($_ctxt);
    return $_get($_ctxt, builder.getF64FloatAttr(low), builder.getF64FloatAttr(high));
  }]>];
  let extraClassDeclaration = [{
    double getLow() const { return getLowAttr().getValueAsDouble(); }
    double getHigh() const { return getHighAttr().getValueAsDouble(); }
  }];
}

def Train_CopyOfAttr : Train_Attr<"CopyOf", "copy_of"> {
  let summary = "initial value: that of parameter `master`, rounded to the symbol's type";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$master);
  let assemblyFormat = "`<` $master `>`";
}

def Train_GeluKind : I32EnumAttr<"GeluKind", "which gelu", [
    I32EnumAttrCase<"Erf", 0, "erf">, I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let cppNamespace = "::train";
  let genSpecializedAttr = 0;
}
def Train_GeluKindAttr : EnumAttr<Train_Dialect, Train_GeluKind, "gelu_kind">;

def Train_Predicate : I32EnumAttr<"Predicate", "comparison", [
    I32EnumAttrCase<"EQ", 0, "eq">, I32EnumAttrCase<"NE", 1, "ne">,
    I32EnumAttrCase<"LT", 2, "lt">, I32EnumAttrCase<"LE", 3, "le">,
    I32EnumAttrCase<"GT", 4, "gt">, I32EnumAttrCase<"GE", 5, "ge">]> {
  let cppNamespace = "::train";
  let genSpecializedAttr = 0;
}
def Train_PredicateAttr : EnumAttr<Train_Dialect, Train_Predicate, "predicate">;

def Train_StateRole : I32EnumAttr<"StateRole", "what a state is for", [
    I32EnumAttrCase<"Optimizer", 0, "optimizer">, I32EnumAttrCase<"Statistic", 1, "statistic">,
    I32EnumAttrCase<"Counter", 2, "counter">, I32EnumAttrCase<"Other", 3, "other">,
    I32EnumAttrCase<"Copy", 4, "copy">]> {
  let cppNamespace = "::train";
  let genSpecializedAttr = 0;
}
def Train_StateRoleAttr : EnumAttr<Train_Dialect, Train_StateRole, "role">;

def Train_Stage : I32EnumAttr<"Stage", "how far a module has come", [
    I32EnumAttrCase<"Graph", 0, "graph">, I32EnumAttrCase<"Step", 1, "step">,
    I32EnumAttrCase<"Parallel", 2, "parallel">, I32EnumAttrCase<"Fused", 3, "fused">,
    I32EnumAttrCase<"Scheduled", 4, "scheduled">, I32EnumAttrCase<"Planned", 5, "planned">]> {
  let cppNamespace = "::train";
  let genSpecializedAttr = 0;
}
def Train_StageAttr : EnumAttr<Train_Dialect, Train_Stage, "stage">;

def Train_RecomputeAttr : Train_Attr<"Recompute", "recompute"> {
  let summary = "an op of the same block that is executed again";
  let description = [{
    `op` is the op's number in its block. Of a fusion, only the results in `results` are computed again, all without it;
    `from` lists results of the same fusion that are read instead of being computed on the way. Of an op with
    ResidualFormOpInterface, result 0 can be computed again from the other results. `sink` lists ops that are
    executed again inside of the same kernel, so that their results need no bytes.
  }];
  let parameters = (ins "int64_t":$op, OptionalParameter<"::mlir::DenseI64ArrayAttr">:$results,
                        OptionalParameter<"::mlir::DenseI64ArrayAttr">:$from,
                        OptionalParameter<"::mlir::ArrayAttr">:$sink);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===-- Ops ---------------------------------------------------------------------------------===//

class Train_Op<string mnemonic, list<Trait> traits = []> : Op<Train_Dialect, mnemonic, traits>;

// An op whose result types follow from its operands and attributes; a constraint
// that is broken is reported by the inference (lib/IR/<Family>Ops.cpp) with the op's location.
class Train_InferredOp<string mnemonic, list<Trait> traits = []>
    : Train_Op<mnemonic, !listconcat([Pure, InferTypeOpAdaptor], traits)>;

#endif // TRAIN_BASE
