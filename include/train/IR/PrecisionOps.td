// Element types and loss scaling.
#ifndef TRAIN_PRECISION_OPS
#define TRAIN_PRECISION_OPS

include "train/IR/TrainBase.td"

defvar PrecisionKernel = DeclareOpInterfaceMethods<RowProgramOpInterface>;

defvar FlatKernel = DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>;

def Train_CastOp : Train_Op<"cast", [Pure, SameOperandsAndResultShape, PrecisionKernel,
    DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>]> {
  let summary = "the same values in another element type, rounded to nearest even";
  let description = [{
    Float to integer truncates toward zero; out-of-range values saturate, NaN becomes 0. C1: x and y have one shape. C2: elements of 4
    bits come in rows of even length.
  }];
  let arguments = (ins AnyTrainTensor:$x);
  let results = (outs AnyTrainTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether element type `to` holds every value of `from`: both are floats, `to` is another one and loses nothing.
    static bool isExact(::mlir::Type from, ::mlir::Type to);
    /// `value` in another element type: itself where it has it, from the source of exact casts where it comes from such, so that a
    /// value that was only widened is never rounded twice.
    static ::mlir::Value convert(::mlir::OpBuilder &builder, ::mlir::Location location, ::mlir::Value value, ::mlir::Type element);
    /// Whether every value of the operand is one of the result.
    bool isExact();
    /// Whether both are floats, and the result has other values than the operand's.
    bool isNarrowing();
  }];
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
def Train_CheckFiniteOp : Train_Op<"check_finite", [Pure, AttrSizedOperandSegments, FlatKernel]> {
  let summary = "result = whether every element of scale * x is finite, and `previous`, if given, is true";
  let description = [{
    Chained over all gradients, it decides whether a step applies. `scale`, 1 if not given, is the factor that the optimizer
    will multiply by. C1: the result and previous are i1 scalars. C2: scale is an f32 scalar.
  }];
  let arguments = (ins FloatTensor:$x, Optional<BoolTensor>:$previous, Optional<FloatTensor>:$scale);
  let results = (outs BoolTensor:$result);
  let assemblyFormat = [{$x (`scale` $scale^ `:` type($scale) `,`)? (`and` $previous^ `:` type($previous) `,`)? attr-dict
                         `:` type($x) `->` type($result)}];
  let hasVerifier = 1;
}
def Train_UpdateScaleOp : Train_Op<"update_scale", [Pure, AllTypesMatch<["scale", "new_scale"]>,
    AllTypesMatch<["good_steps", "new_good_steps"]>, AllTypesMatch<["bad_steps", "new_bad_steps"]>,
    DeclareOpInterfaceMethods<StorageOpInterface>, FlatKernel]> {
  let summary = "the loss scale and its counters after a step that was finite or not, in place";
  let description = [{
    finite: bad_steps stays, good_steps + 1; at `window` the scale is multiplied by `growth`, unless it would be infinite, and both counters
    restart.
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
def Train_AmaxOp : Train_Op<"amax", [Pure, FlatKernel]> {
  let summary = "result = the largest |x|, and not less than `previous`, if given; NaN if any is NaN";
  let description = [{
    Exact, in f32. What a scale of a low-precision type is chosen by; `previous` carries it over micro-batches and tensors that
    share a scale. C1: the result and previous are f32 scalars.
  }];
  let arguments = (ins FloatTensor:$x, Optional<FloatTensor>:$previous);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$x (`and` $previous^ `:` type($previous) `,`)? attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}
def Train_DelayedScaleOp : Train_Op<"delayed_scale", [Pure, AllTypesMatch<["history", "new_history"]>,
    AllTypesMatch<["scale", "new_scale"]>, DeclareOpInterfaceMethods<StorageOpInterface>, FlatKernel]> {
  let summary = "the scale of the next step from the largest magnitudes of the last ones, in place";
  let description = [{
    new_history = amax (0 if it is not finite), then history without its last element; new_scale = (largest / the largest of new_history) /
    2^margin. The scale stays where amax is not finite, where the history is all zeros, and where the quotient
    is 0 or overflows. C1: history is f32 of rank 1, not empty; scale and amax are f32 scalars. C2: largest is positive and finite. C3: -64 <=
    margin <= 64.
  }];
  let arguments = (ins FloatTensor:$history, FloatTensor:$scale, FloatTensor:$amax, F64Attr:$largest, I64Attr:$margin);
  let results = (outs FloatTensor:$new_history, FloatTensor:$new_scale);
  let assemblyFormat = "$history `,` $scale `,` $amax attr-dict `:` type($history) `,` type($scale) `,` type($amax)";
  let hasVerifier = 1;
}

defvar BatchSize = DeclareOpInterfaceMethods<BatchOpInterface>;

def Train_QuantizeOp : Train_Op<"quantize", [Pure, PrecisionKernel, BatchSize]> {
  let summary = "result = round(x * scale) in a low-precision type, saturating";
  let description = [{
    The product is rounded once: to nearest, or, with a key, to one of its two neighbours with odds that make the expected
    value the product itself. The random numbers are dropout's, of this op's own `site`. C1: x and result have one shape. C2: scale is an f32
    scalar. C3: the result's elements have 2 to 8 bits. C4: key (i64 [3]), site and samples stand together; samples divides the
    elements; the result is then f8E4M3FN, f8E5M2 or f4E2M1FN. C5: elements of 4 bits come in rows of even length.
  }];
  let arguments = (ins FloatTensor:$x, FloatTensor:$scale, Optional<IntTensor>:$key, OptionalAttr<I64Attr>:$site,
                       OptionalAttr<I64Attr>:$samples);
  let results = (outs AnyTrainTensor:$result);
  let assemblyFormat = "$x `,` $scale (`random` $key^ `:` type($key) `,`)? attr-dict `:` type($x) `,` type($scale) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$x, "::mlir::Value":$scale), [{
    build($_builder, $_state, result, x, scale, ::mlir::Value(), ::mlir::IntegerAttr(), ::mlir::IntegerAttr());
  }]>];
  let hasVerifier = 1;
}
def Train_DequantizeOp : Train_Op<"dequantize", [Pure, PrecisionKernel, BatchSize]> {
  let summary = "result = x / scale in a wide type";
  let description = [{
    C1: x and result have one shape. C2: scale is an f32 scalar. C3: x's elements have 2 to 8 bits. C4: elements of 4 bits come in
    rows of even length.
  }];
  let arguments = (ins AnyTrainTensor:$x, FloatTensor:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$x `,` $scale attr-dict `:` type($x) `,` type($scale) `->` type($result)";
  let hasVerifier = 1;
}
def Train_QuantizeBlocksOp : Train_Op<"quantize_blocks", [Pure, AttrSizedOperandSegments, FlatKernel, BatchSize,
    DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>]> {
  let summary = "x in a low-precision type, with one scale for each block";
  let description = [{
    The blocks follow from the shapes: scales have x's, its last one or two dimensions divided by the size of a block. MXFP8 and MXFP4
    have scales of f8E8M0FNU and blocks of 32: a block's scale is the smallest power of two with which its largest
    magnitude does not exceed the largest element. NVFP4 has scales of f8E4M3FN, blocks of 16 (16 x 16 for weights), and a scale of the whole
    tensor: a block's is amax / largest * scale, to nearest. An element is x / its block's scale (* the tensor's), rounded as in quantize.
    A block with an infinity or NaN has the scale NaN. C1: x is f32, f16 or bf16, and q has its shape. C2: the scales' shape divides
    x's. C3: q is f8E4M3FN, f8E5M2 or f4E2M1FN. C4: scales are f8E8M0FNU without `scale`, or f8E4M3FN with an
    f32 scalar. C5: key, site and samples as quantize. C6: elements of 4 bits come in rows of even length, and blocks of odd width only of width 1.
  }];
  let arguments = (ins FloatTensor:$x, Optional<FloatTensor>:$scale, Optional<IntTensor>:$key, OptionalAttr<I64Attr>:$site,
                       OptionalAttr<I64Attr>:$samples);
  let results = (outs AnyTrainTensor:$q, AnyTrainTensor:$scales);
  let assemblyFormat = [{$x (`scale` $scale^ `:` type($scale) `,`)? (`random` $key^ `:` type($key) `,`)? attr-dict
                         `:` type($x) `->` type($q) `,` type($scales)}];
  let hasVerifier = 1;
}
def Train_DequantizeBlocksOp : Train_Op<"dequantize_blocks", [Pure, FlatKernel, BatchSize]> {
  let summary = "result = q * its block's scale / the tensor's scale, in a wide type";
  let description = [{
    C1: the result is f32, f16 or bf16, and has q's shape. C2: the scales' shape divides q's. C3: q is f8E4M3FN, f8E5M2 or f4E2M1FN. C4:
    scales are f8E8M0FNU without `scale`, or f8E4M3FN with an f32 scalar. C5: elements of 4 bits come in rows of even
    length, and blocks of odd width only of width 1.
  }];
  let arguments = (ins AnyTrainTensor:$q, AnyTrainTensor:$scales, Optional<FloatTensor>:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$q `,` $scales (`scale` $scale^ `:` type($scale) `,`)? attr-dict `:` type($q) `,` type($scales) `->` type($result)";
  let hasVerifier = 1;
}

#endif // TRAIN_PRECISION_OPS
