// Counter-based randomness: a value depends on (seed, site, step, global sample index, element), never on order.
#ifndef TRAIN_RANDOM_OPS
#define TRAIN_RANDOM_OPS

include "train/IR/TrainBase.td"

def Train_RandomKeyOp : Train_Op<"random_key", [Pure]> {
  let summary = "the key of this micro-batch: i64 [seed, step, index of its first sample in the step]";
  let description = "The executable fills it before each micro-batch, the interpreter from its context.";
  let arguments = (ins);
  let results = (outs IntTensor:$key);
  let assemblyFormat = "attr-dict `:` type($key)";
  let hasVerifier = 1;
}
def Train_DropoutOp : Train_Op<"dropout", [Pure, AllTypesMatch<["x", "y"]>, DeclareOpInterfaceMethods<BatchOpInterface>,
    DeclareOpInterfaceMethods<RowProgramOpInterface>, DeclareOpInterfaceMethods<EvalFormOpInterface>]> {
  let summary = "y = x / (1 - rate) where kept, else 0; linear in x, so it is its own adjoint";
  let description = [{
    Element e of sample s (of the `samples` equal parts of x along its leading dimension) is kept if
    u(seed, site, step, first sample + s, e) >= rate, u in [0, 1) by Philox4x32-10 (Salmon et al., SC 2011; docs/language.md gives
    the counter layout). Every use in a module has its own `site`. C1: 0 <= rate < 1. C2: `samples`
    divides the number of elements. C3: key is i64 [3].
  }];
  let arguments = (ins FloatTensor:$x, IntTensor:$key, F64Attr:$rate, I64Attr:$site, I64Attr:$samples);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "$x `,` $key attr-dict `:` type($x) `,` type($key)";
  let hasVerifier = 1;
}

#endif // TRAIN_RANDOM_OPS
