// What holds the other ops: symbols, programs, loops, layers and fusions.
#ifndef TRAIN_PROGRAM_OPS
#define TRAIN_PROGRAM_OPS

include "train/IR/TrainBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Train_ParamOp : Train_Op<"param", [Symbol]> {
  let summary = "a parameter: a tensor that lives across steps and that training may change";
  let description = [{
    `frozen` parameters are never written. `no_decay` excludes a parameter from weight decay. `offset` is its place
    in the arena, from stage planned on. C1: a static tensor of floats. C2: init is zeros, constant, normal, uniform or an
    elements attribute of the same type.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, AnyAttr:$init, UnitAttr:$frozen, UnitAttr:$no_decay,
                       OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = "$sym_name `:` $type `init` `(` $init `)` attr-dict";
  let hasVerifier = 1;
}
def Train_StateOp : Train_Op<"state", [Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a state: a tensor that lives across steps and is not a parameter";
  let description = [{
    Optimizer slots (with the parameter they belong to as `owner`), running statistics, counters, loss scale, and copies of parameters in
    a narrower type. C1, C2 as param, of any number type. C3: owner, if given, names a parameter. C4: of role `copy`, and only of it, init
    is copy_of the owner, a parameter of the same shape and a wider float type. A copy follows its owner: it is never saved, and whoever
    sets the owner from outside of a program sets the copy.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, AnyAttr:$init, Train_StateRoleAttr:$role,
                       OptionalAttr<FlatSymbolRefAttr>:$owner, OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = "$role $sym_name (`of` $owner^)? `:` $type `init` `(` $init `)` attr-dict";
  let hasVerifier = 1;
}

class Program<string mnemonic, string summary_>
    : Train_Op<mnemonic, [Symbol, IsolatedFromAbove, SingleBlock, DeclareOpInterfaceMethods<ProgramOpInterface>,
                          DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = summary_;
  let arguments = (ins SymbolNameAttr:$sym_name, ArrayAttr:$input_names, DenseI64ArrayAttr:$input_roles,
                       DenseI64ArrayAttr:$batch_dims, ArrayAttr:$output_names,
                       DefaultValuedAttr<I64Attr, "1">:$micro_batches);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}
def Train_GraphOp : Program<"graph", "the forward pass of one micro-batch: returns the loss and named outputs"> {
  let description = [{
    The user's program. `batch(d)` marks the batch dimension of an input. C1: an output named `loss` is a float
    scalar. C2: return's operands match the outputs. C3: input names are distinct, output names too.
    C4: all batch dimensions have one size. C5: reads and writes name symbols of the right type.
  }];
}
def Train_StepOp : Program<"step", "one optimizer step, built by the passes"> {
  let description = "Returns loss and what else the passes report (grad_norm). With micro_batches = N > 1 its data inputs have a leading dimension N and feed a train.microbatch.";
}
def Train_EvalOp : Program<"eval", "the loss of one micro-batch without training: dropout off, running statistics">;
def Train_PredictOp : Program<"predict", "the outputs of one micro-batch without a loss">;

def Train_ReturnOp : Train_Op<"return", [Terminator, ReturnLike, ParentOneOf<["GraphOp", "StepOp", "EvalOp", "PredictOp"]>]> {
  let summary = "ends a program with its outputs";
  let arguments = (ins Variadic<AnyTrainTensor>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}
def Train_YieldOp : Train_Op<"yield", [Pure, Terminator, ReturnLike, ParentOneOf<["LayerOp", "CheckpointOp", "MicrobatchOp", "FusionOp"]>]> {
  let summary = "ends a region with its results";
  let arguments = (ins Variadic<AnyTrainTensor>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

def Train_ReadOp : Train_Op<"read", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a symbol before the step";
  let description = "Costs nothing: its storage is the symbol's. C1: the symbol is a param or state of the result's type.";
  let arguments = (ins FlatSymbolRefAttr:$symbol);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "$symbol attr-dict `:` type($result)";
}
def Train_WriteOp : Train_Op<"write", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "sets a symbol at the end of the step";
  let description = [{
    Free when the value was computed in the symbol's place, a copy otherwise. C1: the symbol is a param or state of the
    value's type, not frozen. C2: each symbol is written at most once per program. C3: never in a graph.
  }];
  let arguments = (ins FlatSymbolRefAttr:$symbol, AnyTrainTensor:$value);
  let assemblyFormat = "$symbol `,` $value attr-dict `:` type($value)";
}

def Train_LayerOp : Train_Op<"layer", [SingleBlock, NoRegionArguments, RecursiveMemoryEffects]> {
  let summary = "a named layer: the unit of layer-wise strategies and of reports";
  let description = "Uses outer values freely; inlined by train-differentiate, which leaves its name on the ops.";
  let arguments = (ins StrAttr:$name);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyTrainTensor>:$results);
  let assemblyFormat = "$name `->` type($results) $body attr-dict";
  let hasVerifier = 1;
}
def Train_CheckpointOp : Train_Op<"checkpoint", [SingleBlock, NoRegionArguments, RecursiveMemoryEffects]> {
  let summary = "a region that the user wants recomputed in backward";
  let description = "The same as a layer, with the wish that only what enters it is kept.";
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyTrainTensor>:$results);
  let assemblyFormat = "`->` type($results) $body attr-dict";
  let hasVerifier = 1;
}
def Train_MicrobatchOp : Train_Op<"microbatch", [SingleBlock, AttrSizedOperandSegments, RecursiveMemoryEffects, DeclareOpInterfaceMethods<StorageOpInterface>]> {
  let summary = "runs its body once per micro-batch, carrying accumulators";
  let description = [{
    Block arguments: one per stream (the micro-batch, a slice of the stream along its leading dimension `count`), then one per init.
    The body yields the next values of the accumulators; the results are the last ones. An accumulator has one
    storage throughout: init, argument, yielded value and result alias. C1: streams have a leading dimension `count`.
    C2: inits, accumulator arguments, yielded values and results have the same types.
  }];
  let arguments = (ins Variadic<AnyTrainTensor>:$streams, Variadic<AnyTrainTensor>:$inits, I64Attr:$count);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyTrainTensor>:$results);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}
def Train_FusionOp : Train_Op<"fusion", [SingleBlock, IsolatedFromAbove, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<StorageOpInterface>]> {
  let summary = "ops that run as one generated kernel";
  let description = [{
    Block arguments stand for the operands; the body holds ops with RowProgramOpInterface and yields the results. `aliases[i]` >= 0
    places result i in the storage of that operand (which the body reads before it overwrites, element by element).
    C1: argument types are operand types, yielded types result types. C2: every op in the body is row-fusible. C3: aliases name
    operands of the result's byte size, each at most once.
  }];
  let arguments = (ins Variadic<AnyTrainTensor>:$operands, DenseI64ArrayAttr:$aliases);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyTrainTensor>:$results);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

#endif // TRAIN_PROGRAM_OPS
