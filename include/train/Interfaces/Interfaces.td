// The questions that passes ask of ops. A transform that wants to know something
// about an op asks here; a list of op names in a pass means that a method is
// missing in this file. Differentiable, Reference and RowProgram are implemented by
// external models (lib/Gradients, lib/Reference, lib/Conversion), so that the
// dialect depends on none of them; the others by the ops.

#ifndef TRAIN_INTERFACES
#define TRAIN_INTERFACES

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    How an op's adjoint is built. An op without this interface stops differentiation
    with an error if its result is active and depends on something active.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the adjoint at the builder's position. `resultAdjoints` has one
      value per result, null where nothing flows back. For each operand with
      `needed` set, stores in `operandAdjoints` a value of the operand's
      type, or null when the derivative is identically zero. Asked once per active op, in
      reverse order, after all users have been asked.
    }], "::llvm::LogicalResult", "buildAdjoint",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<::mlir::Value>":$resultAdjoints,
           "::llvm::ArrayRef<bool>":$needed,
           "::llvm::MutableArrayRef<::mlir::Value>":$operandAdjoints)>,
    InterfaceMethod<[{
      The values of the forward pass (operands or results of this op) that the adjoint reads when
      the operands marked in `needed` want a derivative. What is not listed need not
      survive until backward. The always-safe answer is all operands and results.
    }], "::llvm::SmallVector<::mlir::Value>", "getSavedForBackward",
      (ins "::llvm::ArrayRef<bool>":$needed)>,
  ];
}

def StorageOpInterface : OpInterface<"StorageOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    Where the bytes of a result live. Ops without this interface have fresh
    results; ask through `train::getResultStorage(OpResult)`, which knows that.
  }];
  let methods = [
    InterfaceMethod<[{
      The storage of result `result`: fresh, must-alias an operand, or a view of one.
      Asked from stage `scheduled` on; the answer must not depend on the order of ops.
    }], "::train::ResultStorage", "getResultStorage", (ins "unsigned":$result)>,
  ];
}

def LibraryOpInterface : OpInterface<"LibraryOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op runs as calls of runtime library entries (Abi.h), in order. Ops with neither this
    interface nor RowProgramOpInterface issue no command (views, reads, structure).
  }];
  let methods = [
    InterfaceMethod<[{
      The calls that compute this op: entry, operands (values of this op, or the workspace), parameters.
      Asked by the memory planner (workspace bytes) and by lowering. Cheap.
    }], "::llvm::SmallVector<::train::LibraryCall>", "getLibraryCalls", (ins)>,
  ];
}

def RecomputableOpInterface : OpInterface<"RecomputableOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    What it costs to run an op again. Ops without the interface cost
    nothing to compute but the bytes of their operands and results.
  }];
  let methods = [
    InterfaceMethod<[{
      Floating-point operations of one execution, counted as multiplies and adds
      (a fused multiply-add is two).
    }], "int64_t", "getFlops", (ins), "", "return 0;">,
    InterfaceMethod<[{
      Whether executing the op again with the same operands gives the same bits. The safe answer is no.
    }], "bool", "isDeterministic", (ins), "", "return true;">,
  ];
}

def PrecisionOpInterface : OpInterface<"PrecisionOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    How an op takes part in mixed precision. Ops without the interface pass
    through: they compute in the type they are given.
  }];
  let methods = [
    InterfaceMethod<[{
      The autocast class: `Low` (contractions), `Full` (statistics, losses, exp/log/pow),
      `Promote` (widest operand wins) or `PassThrough`.
    }], "::train::PrecisionClass", "getPrecisionClass", (ins)>,
    InterfaceMethod<[{
      Whether operand `operand` keeps its wide type even when the op itself runs low
      (optimizer state, accumulators, statistics). Cheap.
    }], "bool", "mustStayWide", (ins "unsigned":$operand), "", "return false;">,
  ];
}

def BatchOpInterface : OpInterface<"BatchOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    Ops whose attributes contain a batch size. train-set-batch asks them to adapt before it
    infers their result types anew; all other ops follow their operands.
  }];
  let methods = [
    InterfaceMethod<[{
      Adapts the attributes from a batch of `from` samples to one of `to`, given that the
      operands already have their new types. Fails with a diagnostic when it can't be told which size is
      the batch.
    }], "::llvm::LogicalResult", "setBatch", (ins "int64_t":$from, "int64_t":$to)>,
  ];
}

def AccumulatingOpInterface : OpInterface<"AccumulatingOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op can add its result to a value in that value's place, so that a sum needs neither a
    second buffer nor a kernel of its own.
  }];
  let methods = [
    InterfaceMethod<[{
      The optional operand that result 0 is added to; empty when there is none yet. It has the type of result 0, which
      overwrites it.
    }], "::mlir::MutableOperandRange", "getAccumulatorMutable", (ins)>,
  ];
}

def EvalFormOpInterface : OpInterface<"EvalFormOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op means something else outside training. Ops without the interface are the same in
    train.eval and train.predict as in train.graph.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds at the builder's position what the op means in evaluation, and stores one value per
      result of the op. A null value keeps the op's own result.
    }], "void", "buildEvalForm", (ins "::mlir::OpBuilder &":$builder, "::llvm::MutableArrayRef<::mlir::Value>":$results)>,
  ];
}

def ResidualFormOpInterface : OpInterface<"ResidualFormOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op's first result can be had again from its other results, which backward keeps anyway, without the
    reductions that made them. Ops without the interface are executed whole when a result is wanted again.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds at the builder's position an op with one result, which has the bits of this op's result 0; it reads
      operands of this op and its results 1 and up. Asked by residency planning, also of ops that are not executed again
      in the end.
    }], "::mlir::Operation *", "buildResidualForm", (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

def RunningStatisticsOpInterface : OpInterface<"RunningStatisticsOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op computes statistics that states follow. Building the step adds the updates, once, outside of
    anything that is recomputed or repeated.
  }];
  let methods = [
    InterfaceMethod<"The states and what they follow; empty when the op names none.",
      "::llvm::SmallVector<::train::RunningStatistic>", "getRunningStatistics", (ins)>,
  ];
}

def ReferenceOpInterface : OpInterface<"ReferenceOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    What an op means: its evaluation in the reference interpreter, in f64.
  }];
  let methods = [
    InterfaceMethod<[{
      Computes all results from all operands (absent optional operands are not
      listed, as in Operation::getOperands). Results arrive allocated and zeroed. Fails with a
      diagnostic at the op for values outside the op's domain.
    }], "::llvm::LogicalResult", "evaluate",
      (ins "::llvm::ArrayRef<const ::train::reference::Tensor *>":$operands,
           "::llvm::MutableArrayRef<::train::reference::Tensor>":$results,
           "::train::reference::EvalContext &":$context)>,
  ];
}

def RowProgramOpInterface : OpInterface<"RowProgramOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    The op can be computed row by row by a generated kernel, alone or inside a `train.fusion`.
    The interface names the domain; the emission is in lib/Conversion.
  }];
  let methods = [
    InterfaceMethod<[{
      How the op walks its domain: elementwise, along rows (needs a whole row at a time), down
      columns (sums over rows), or flat (whole-tensor updates and scalar bookkeeping).
    }], "::train::RowKind", "getRowKind", (ins), "", "return ::train::RowKind::Elementwise;">,
  ];
}

def WorkspaceOpInterface : OpInterface<"WorkspaceOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    Row-program ops that take several kernels and carry values between them. Attached by
    lib/Conversion, which knows the kernels. Library ops state their workspace by their calls.
  }];
  let methods = [
    InterfaceMethod<"Bytes of workspace, a multiple of TRAIN_ALIGNMENT.", "int64_t", "getWorkspaceBytes", (ins)>,
  ];
}

def LossScaleOpInterface : OpInterface<"LossScaleOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    How an op treats values that carry the loss scale (ScaleState.h). Ops without the interface must not see such a value
    anywhere. Attached by lib/Analysis/ScaleRules.cpp, one line per op.
  }];
  let methods = [
    InterfaceMethod<[{
      What a scale on operand `operand` (counted as in Operation::getOperands) does to the results. The safe answer is Plain.
    }], "::train::ScaleRole", "getScaleRole", (ins "unsigned":$operand)>,
    InterfaceMethod<[{
      What is wrong with an operand that carries a scale and may not, as the predicate of a sentence about the op ("clips
      by a norm that"); empty for ops that are only not linear in it. For an op with factors that names something here, their
      product must carry no scale: optimizer updates.
    }], "::llvm::StringRef", "getScaleMisuse", (ins)>,
  ];
}

def IndexingOpInterface : OpInterface<"IndexingOpInterface"> {
  let cppNamespace = "::train";
  let description = "Ops that use the elements of an operand as indices into something of known size.";
  let methods = [
    InterfaceMethod<"Indices in operand `operand` must be below this; nothing if they are no indices.",
      "std::optional<int64_t>", "getIndexBound", (ins "unsigned":$operand)>,
  ];
}

def ProgramOpInterface : OpInterface<"ProgramOpInterface"> {
  let cppNamespace = "::train";
  let description = [{
    A whole program: graph, step, eval or predict. Inputs and outputs have names and roles.
  }];
  let methods = [
    InterfaceMethod<"The program's only block.", "::mlir::Block *", "getBodyBlock", (ins), "",
      "return &$_op->getRegion(0).front();">,
    InterfaceMethod<"The name of input `i`.", "::llvm::StringRef", "getInputName", (ins "unsigned":$i), "", [{
      return ::llvm::cast<::mlir::StringAttr>($_op.getInputNames()[i]).getValue(); }]>,
    InterfaceMethod<"The role of input `i`.", "::train::InputRole", "getInputRole", (ins "unsigned":$i), "", [{
      return static_cast<::train::InputRole>($_op.getInputRoles()[i]); }]>,
    InterfaceMethod<"The batch dimension of input `i`, or -1.", "int64_t", "getBatchDim", (ins "unsigned":$i), "", [{
      return $_op.getBatchDims()[i]; }]>,
    InterfaceMethod<"The number of outputs.", "unsigned", "getNumOutputs", (ins), "", [{
      return $_op.getOutputNames().size(); }]>,
    InterfaceMethod<"The name of output `i`.", "::llvm::StringRef", "getOutputName", (ins "unsigned":$i), "", [{
      return ::llvm::cast<::mlir::StringAttr>($_op.getOutputNames()[i]).getValue(); }]>,
  ];
}

#endif // TRAIN_INTERFACES
