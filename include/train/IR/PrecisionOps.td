// Element types and loss scaling.
#ifndef TRAIN_PRECISION_OPS
#define TRAIN_PRECISION_OPS

include "train/IR/TrainBase.td"

defvar PrecisionKernel = DeclareOpInterfaceMethods<RowProgramOpInterface>;

defvar FlatKernel = DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>;

def Train_CastOp : Train_Op<"cast", [Pure, SameOperandsAndResultShape, PrecisionKernel]> {
  let summary = "the same values in another element type, rounded to nearest even";
  let description = "Float to integer truncates toward zero; out-of-range values saturate, NaN becomes 0.";
  let arguments = (ins AnyTrainTensor:$x);
  let results = (outs AnyTrainTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
}
def Train_ScaleLossOp : Train_Op<"scale_loss", [Pure, AllTypesMatch<["loss", "result"]>, PrecisionKernel]> {
  let summary = "result = loss * scale: from here on backward carries the loss scale";
  let description = "C1: scale is an f32 scalar.";
  let arguments = (ins FloatTensor:$loss, FloatTensor:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$loss `,` $scale attr-dict `:` type($loss) `,` type($scale)";
  let hasVerifier = 1;
}
def Train_UnscaleOp : Train_Op<"unscale", [Pure, AllTypesMatch<["x", "result"]>, PrecisionKernel]> {
  let summary = "result = x / scale: the gradient no longer carries the loss scale";
  let description = "C1: scale is an f32 scalar.";
  let arguments = (ins FloatTensor:$x, FloatTensor:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$x `,` $scale attr-dict `:` type($x) `,` type($scale)";
  let hasVerifier = 1;
}
def Train_CheckFiniteOp : Train_Op<"check_finite", [Pure, FlatKernel]> {
  let summary = "result = whether every element is finite, and `previous`, if given, is true";
  let description = "C1: the result and previous are i1 scalars. Chained over all gradients, it decides whether a step applies.";
  let arguments = (ins FloatTensor:$x, Optional<BoolTensor>:$previous);
  let results = (outs BoolTensor:$result);
  let assemblyFormat = "$x (`and` $previous^ `:` type($previous) `,`)? attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}
def Train_UpdateScaleOp : Train_Op<"update_scale", [Pure, AllTypesMatch<["scale", "new_scale"]>,
    AllTypesMatch<["good_steps", "new_good_steps"]>, AllTypesMatch<["bad_steps", "new_bad_steps"]>,
    DeclareOpInterfaceMethods<StorageOpInterface>, FlatKernel]> {
  let summary = "the loss scale and its counters after a step that was finite or not, in place";
  let description = [{
    finite: bad_steps stays, good_steps + 1; at `window` the scale is multiplied by `growth`, and both counters restart.
    not finite: good_steps = 0, bad_steps + 1; at `hysteresis` the scale is multiplied by `backoff`, not below `minimum`, and bad_steps restarts.
    C1: scale is an f32 scalar, counters are i64 scalars, finite an i1 scalar. C2: window, hysteresis >= 1, growth >= 1,
    0 < backoff <= 1, minimum > 0.
  }];
  let arguments = (ins FloatTensor:$scale, IntTensor:$good_steps, IntTensor:$bad_steps, BoolTensor:$finite,
                       F64Attr:$growth, F64Attr:$backoff, I64Attr:$window, I64Attr:$hysteresis, F64Attr:$minimum);
  let results = (outs FloatTensor:$new_scale, IntTensor:$new_good_steps, IntTensor:$new_bad_steps);
  let assemblyFormat = [{$scale `,` $good_steps `,` $bad_steps `,` $finite attr-dict
                         `:` type($scale) `,` type($good_steps) `,` type($bad_steps) `,` type($finite)}];
  let hasVerifier = 1;
}
def Train_QuantizeOp : Train_Op<"quantize", [Pure, PrecisionKernel]> {
  let summary = "result = round(x * scale) in a low-precision type, saturating";
  let description = "C1: x and result have one shape. C2: scale is an f32 scalar. C3: the result's elements have 2 to 8 bits.";
  let arguments = (ins FloatTensor:$x, FloatTensor:$scale);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "$x `,` $scale attr-dict `:` type($x) `,` type($scale) `->` type($result)";
  let hasVerifier = 1;
}
def Train_DequantizeOp : Train_Op<"dequantize", [Pure, PrecisionKernel]> {
  let summary = "result = x / scale in a wide type";
  let description = "C1: x and result have one shape. C2: scale is an f32 scalar. C3: x's elements have 2 to 8 bits.";
  let arguments = (ins AnyTrainTensor:$x, FloatTensor:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$x `,` $scale attr-dict `:` type($x) `,` type($scale) `->` type($result)";
  let hasVerifier = 1;
}

#endif // TRAIN_PRECISION_OPS
