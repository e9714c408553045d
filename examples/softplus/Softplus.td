// The declaration of the example op: what it takes, and which questions of passes it answers.
#ifndef EXAMPLE_SOFTPLUS
#define EXAMPLE_SOFTPLUS

include "train/IR/TrainBase.td"

def Example_Dialect : Dialect {
  let name = "example";
  let summary = "One op outside the train dialect, to show that there can be one";
  let cppNamespace = "::example";
}

def Example_SoftplusOp : Op<Example_Dialect, "softplus", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<RowProgramOpInterface>,
    DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>,
    DeclareOpInterfaceMethods<PrecisionOpInterface>,
    DeclareOpInterfaceMethods<DifferentiableOpInterface>,
    DeclareOpInterfaceMethods<ReferenceOpInterface>]> {
  let summary = "y = log(1 + e^x)";
  let description = [{
    A smooth relu. Exists beside log, add and exp because the three in a row overflow from x = 89 on in f32, where
    y is x to the last bit.
  }];
  let arguments = (ins FloatTensor:$x);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

#endif // EXAMPLE_SOFTPLUS
