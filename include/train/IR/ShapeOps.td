// Data movement: no arithmetic, bitwise exact.
#ifndef TRAIN_SHAPE_OPS
#define TRAIN_SHAPE_OPS

include "train/IR/TrainBase.td"

defvar Movement = DeclareOpInterfaceMethods<LibraryOpInterface>;
defvar MovementStorage = DeclareOpInterfaceMethods<StorageOpInterface>;
defvar BatchSized = DeclareOpInterfaceMethods<BatchOpInterface>;

class ShapeOp<string mnemonic, list<Trait> traits = []>
    : Train_InferredOp<mnemonic, !listconcat([Movement], traits)> {
  let arguments = (ins AnyTrainTensor:$x);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
}

def Train_ReshapeOp : Train_InferredOp<"reshape", [MovementStorage, BatchSized]> {
  let summary = "the same elements in row-major order under another shape; always a view";
  let description = "C1: at most one entry of `shape` is -1, inferred from the rest. C2: element counts agree.";
  let arguments = (ins AnyTrainTensor:$x, DenseI64ArrayAttr:$shape);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "$x `to` $shape attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}
def Train_TransposeOp : ShapeOp<"transpose"> {
  let summary = "result[i...] with result's dimension d being x's dimension permutation[d]";
  let description = "C1: `permutation` is a permutation of [0, rank).";
  let arguments = (ins AnyTrainTensor:$x, DenseI64ArrayAttr:$permutation);
  let assemblyFormat = "$x `by` $permutation attr-dict `:` type($x) `->` type($result)";
}
def Train_SliceOp : ShapeOp<"slice", [MovementStorage, BatchSized]> {
  let summary = "result[i...] = x[offset + i * stride ...]; a view where the bytes are contiguous";
  let description = [{
    C1: offsets, sizes and strides have one entry per dimension. C2: 0 <= offset, size >= 0, stride >= 1 and
    the last element read is inside.
  }];
  let arguments = (ins AnyTrainTensor:$x, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides);
}
def Train_ConcatOp : Train_InferredOp<"concat", [Movement]> {
  let summary = "the operands one after another along `dim`";
  let description = "C1: at least one operand, one element type and rank. C2: sizes agree except along `dim`, 0 <= dim < rank.";
  let arguments = (ins Variadic<AnyTrainTensor>:$operands, I64Attr:$dim);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "$operands `along` $dim attr-dict `:` type($operands) `->` type($result)";
}
def Train_PadOp : ShapeOp<"pad"> {
  let summary = "x with `value` around it, and `interior` copies of it between neighbours";
  let description = [{
    Result size = low + high + size + interior * max(size - 1, 0) per dimension. C1: one entry per dimension each, none
    negative.
  }];
  let arguments = (ins AnyTrainTensor:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior,
                       DefaultValuedAttr<F64Attr, "0.0">:$value);
}
def Train_BroadcastOp : ShapeOp<"broadcast", [BatchSized]> {
  let summary = "x repeated to `shape` by NumPy's rules, as a tensor of its own";
  let description = "Elementwise ops broadcast by themselves; this op is for the others. C1: x's shape broadcasts to `shape`.";
  let arguments = (ins AnyTrainTensor:$x, DenseI64ArrayAttr:$shape);
  let assemblyFormat = "$x `to` $shape attr-dict `:` type($x) `->` type($result)";
}

#endif // TRAIN_SHAPE_OPS
