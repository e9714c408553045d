// Ops that sum products: they run in libraries, and carry the FLOPs.
#ifndef TRAIN_CONTRACTION_OPS
#define TRAIN_CONTRACTION_OPS

include "train/IR/TrainBase.td"

defvar Library = DeclareOpInterfaceMethods<LibraryOpInterface>;
defvar Storage = DeclareOpInterfaceMethods<StorageOpInterface>;
defvar ContractionFlops = DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>;
defvar ContractionPrecision = DeclareOpInterfaceMethods<PrecisionOpInterface, ["mustStayWide"]>;

class ContractionOp<string mnemonic, list<Trait> traits = []>
    : Train_InferredOp<mnemonic, !listconcat([Library, ContractionFlops, ContractionPrecision], traits)>;

def Train_MatmulOp : ContractionOp<"matmul", [Storage, AccumulatingOpInterface]> {
  let summary = "result = lhs x rhs over the last two dimensions, plus an optional accumulator";
  let description = [{
    lhs [..., M, K] (or [..., K, M] with transpose_lhs), rhs [..., K, N] (or [..., N, K] with
    transpose_rhs), result [..., M, N]. Leading dimensions are batch dimensions: C1: they are equal,
    or one side is a plain matrix that every batch element shares. C2: the inner sizes K agree. C3: one
    element type for lhs and rhs. C4: an accumulator has the result's shape; the result is
    written in its place (its storage is must-alias) and it is added once; its element type is
    the result's, else the result has `result_type`, else the type of lhs. Sums of operands narrower than f32 are in f32, and rounded
    once. C5: ranks are at least 2. C6: `result_type` is a float type at least as wide as that of lhs, and that of an accumulator. A plain
    matrix rhs with an untransposed lhs is one product of all rows.
  }];
  let arguments = (ins FloatTensor:$lhs, FloatTensor:$rhs, Optional<FloatTensor>:$accumulator,
                       UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs, OptionalAttr<TypeAttr>:$result_type);
  let results = (outs FloatTensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs, "::mlir::Value":$accumulator,
                                 "bool":$transpose_lhs, "bool":$transpose_rhs),
                            "build($_builder, $_state, lhs, rhs, accumulator, transpose_lhs, transpose_rhs, ::mlir::TypeAttr());">];
  let assemblyFormat = [{$lhs `,` $rhs (`into` $accumulator^ `:` type($accumulator) `,`)? attr-dict
                         `:` type($lhs) `,` type($rhs) `->` type($result)}];
}

defvar ConvArguments = (ins DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding, DenseI64ArrayAttr:$dilations,
                            DefaultValuedAttr<I64Attr, "1">:$groups);

def Train_Conv2dOp : ContractionOp<"conv2d"> {
  let summary = "two-dimensional convolution (cross-correlation), NCHW input and OIHW filter";
  let description = [{
    input [N, C, H, W], filter [O, C/groups, kh, kw], result [N, O, OH, OW] with OH = (H + top + bottom -
    dilation_h*(kh-1) - 1) / stride_h + 1. strides = [h, w], padding = [top, left, bottom, right],
    dilations = [h, w]. C1: groups divides C and O. C2: channel counts agree. C3: attribute lengths are 2, 4, 2,
    strides and dilations positive, padding not negative. C4: OH and OW are positive. C5: one element type.
  }];
  let arguments = !con((ins FloatTensor:$input, FloatTensor:$filter), ConvArguments);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$input `,` $filter attr-dict `:` type($input) `,` type($filter) `->` type($result)";
}
def Train_Conv2dTransposeOp : ContractionOp<"conv2d_transpose"> {
  let summary = "the adjoint of conv2d with respect to its input; also the up-convolution of decoders";
  let description = [{
    dout [N, O, OH, OW], filter [O, C/groups, kh, kw] (the filter of the conv2d whose adjoint this is), result
    [N, C, H, W] with `size` = [H, W]. C1: conv2d of the result's shape with this filter has dout's shape.
    C2: one element type.
  }];
  let arguments = !con((ins FloatTensor:$dout, FloatTensor:$filter, DenseI64ArrayAttr:$size), ConvArguments);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$dout `,` $filter attr-dict `:` type($dout) `,` type($filter) `->` type($result)";
}
def Train_Conv2dFilterGradOp : ContractionOp<"conv2d_filter_grad", [Storage, AccumulatingOpInterface]> {
  let summary = "the adjoint of conv2d with respect to its filter, plus an optional accumulator";
  let description = [{
    input [N, C, H, W], dout [N, O, OH, OW], result [O, C/groups, kh, kw] with `size` = [kh, kw]. C1: conv2d of
    input with a filter of the result's shape has dout's shape. C2: an accumulator has the result's
    shape and is written in place. C3: `result_type` as C6 of matmul.
  }];
  let arguments = !con((ins FloatTensor:$input, FloatTensor:$dout, Optional<FloatTensor>:$accumulator,
                            DenseI64ArrayAttr:$size), ConvArguments, (ins OptionalAttr<TypeAttr>:$result_type));
  let results = (outs FloatTensor:$result);
  let assemblyFormat = [{$input `,` $dout (`into` $accumulator^ `:` type($accumulator) `,`)? attr-dict
                         `:` type($input) `,` type($dout) `->` type($result)}];
}
def Train_AttentionOp : ContractionOp<"attention"> {
  let summary = "scaled dot-product attention in tiles: no T x T tensor exists";
  let description = [{
    q [B, T, H, D], k and v [B, S, G, D]: query head h reads key head h / (H/G). out [B, T, H, D] = softmax(scale * q k^T)
    v over the keys; lse [B, H, T] f32 is the log of the sum of exp of the scaled scores, the only residual
    of backward. With `causal`, query t sees keys 0 ... t+S-T; a query that sees none gives 0 and lse = -inf.
    The sequence-major layout makes the split of a fused projection a slice and the merge of heads free.
    C1: B, D agree; k and v have one shape. C2: G divides H. C3: causal needs S >= T. C4: one element type.
    C5: scale is positive and finite.
  }];
  let arguments = (ins FloatTensor:$q, FloatTensor:$k, FloatTensor:$v, F64Attr:$scale, UnitAttr:$causal);
  let results = (outs FloatTensor:$out, FloatTensor:$lse);
  let assemblyFormat = [{$q `,` $k `,` $v attr-dict `:` type($q) `,` type($k) `,` type($v)
                         `->` type($out) `,` type($lse)}];
}
def Train_AttentionBackwardOp : ContractionOp<"attention_backward", [AllTypesMatch<["q", "out", "dout"]>]> {
  let summary = "the adjoint of attention, recomputing the scores tile by tile from lse";
  let description = "C1: operands have the shapes of the attention op whose adjoint this is.";
  let arguments = (ins FloatTensor:$q, FloatTensor:$k, FloatTensor:$v, FloatTensor:$out, FloatTensor:$lse,
                       FloatTensor:$dout, F64Attr:$scale, UnitAttr:$causal);
  let results = (outs FloatTensor:$dq, FloatTensor:$dk, FloatTensor:$dv);
  let assemblyFormat = [{$q `,` $k `,` $v `,` $out `,` $lse `,` $dout attr-dict
                         `:` type($q) `,` type($k) `,` type($v) `,` type($lse) `->` type($dq) `,` type($dk) `,` type($dv)}];
}

#endif // TRAIN_CONTRACTION_OPS
