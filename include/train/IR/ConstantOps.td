// Values that need no input.
#ifndef TRAIN_CONSTANT_OPS
#define TRAIN_CONSTANT_OPS

include "train/IR/TrainBase.td"

def Train_ConstantOp : Train_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>,
    DeclareOpInterfaceMethods<BatchOpInterface>, DeclareOpInterfaceMethods<RowProgramOpInterface>,
    DeclareOpInterfaceMethods<LibraryOpInterface>]> {
  let summary = "result = the elements given";
  let description = [{
    A splat is free inside a fusion. Other literals are laid down in the executable and copied into
    the arena once, at start.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The value if all elements are equal, as f64.
    std::optional<double> getSplatValue();
  }];
}
def Train_IotaOp : Train_Op<"iota", [Pure, DeclareOpInterfaceMethods<BatchOpInterface>,
    DeclareOpInterfaceMethods<RowProgramOpInterface>]> {
  let summary = "result[i...] = the index along dimension `dim`";
  let description = "C1: 0 <= dim < rank.";
  let arguments = (ins I64Attr:$dim);
  let results = (outs NumberTensor:$result);
  let assemblyFormat = "$dim attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif // TRAIN_CONSTANT_OPS
