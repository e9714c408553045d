// Reductions, normalizations and pooling.
#ifndef TRAIN_REDUCTION_OPS
#define TRAIN_REDUCTION_OPS

include "train/IR/TrainBase.td"

defvar RowFusible = DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>;
defvar RowFlops = DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>;
defvar RowPrecision = DeclareOpInterfaceMethods<PrecisionOpInterface>;
defvar PoolLibrary = DeclareOpInterfaceMethods<LibraryOpInterface>;

class ReductionOp<string mnemonic, list<Trait> traits = []>
    : Train_InferredOp<mnemonic, !listconcat([RowFusible, RowFlops, RowPrecision], traits)>;

class ReduceOp<string mnemonic, string summary_, dag attributes = (ins)> : ReductionOp<mnemonic> {
  let summary = summary_;
  let description = [{
    C1: dims are distinct, ascending and in [0, rank). Reduced dimensions disappear, or stay with size 1 under keep_dims. Sums
    are combined in a fixed tree that depends on the reduced sizes only.
  }];
  let arguments = !con((ins FloatTensor:$x, DenseI64ArrayAttr:$dims, UnitAttr:$keep_dims), attributes);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$x `over` $dims attr-dict `:` type($x) `->` type($result)";
}
def Train_ReduceSumOp : ReduceOp<"reduce_sum", "result = the sum over `dims`", (ins OptionalAttr<TypeAttr>:$result_type)> {
  let description = [{
    C1: dims are distinct, ascending and in [0, rank). Reduced dimensions disappear, or stay with size 1 under keep_dims. Sums
    are combined in a fixed tree that depends on the reduced sizes only; those of elements narrower than f32 are in f32 and rounded once, to
    `result_type` where it is given. C2: `result_type` is a float type at least as wide as x's.
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$dims, CArg<"bool", "false">:$keep_dims),
                            "build($_builder, $_state, x, dims, keep_dims, ::mlir::TypeAttr());">];
}
def Train_ReduceMeanOp : ReduceOp<"reduce_mean", "result = the mean over `dims`">;
def Train_ReduceMaxOp : ReduceOp<"reduce_max", "result = the maximum over `dims`; equal maxima share the derivative">;

class SoftmaxLikeOp<string mnemonic, string summary_>
    : Train_Op<mnemonic, [Pure, SameOperandsAndResultType, RowFusible, RowFlops, RowPrecision]> {
  let summary = summary_;
  let description = "Over the last dimension, shifted by its maximum. C1: rank >= 1. For another dimension, transpose.";
  let arguments = (ins FloatTensor:$x);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}
def Train_SoftmaxOp : SoftmaxLikeOp<"softmax", "y = exp(x) / sum exp(x)">;
def Train_LogSoftmaxOp : SoftmaxLikeOp<"log_softmax", "y = x - log sum exp(x)">;

def Train_LayerNormOp : ReductionOp<"layer_norm"> {
  let summary = "y = (x - mean) / sqrt(var + eps) * gamma + beta over the last dimension";
  let description = [{
    x [..., C], gamma and beta [C]. mean and rstd [...] f32 are the residuals of backward; var is the biased variance.
    C1: rank >= 1 and gamma, beta have the last dimension's size. C2: eps >= 0.
  }];
  let arguments = (ins FloatTensor:$x, FloatTensor:$gamma, FloatTensor:$beta, F64Attr:$eps);
  let results = (outs FloatTensor:$y, FloatTensor:$mean, FloatTensor:$rstd);
  let assemblyFormat = [{$x `,` $gamma `,` $beta attr-dict `:` type($x) `,` type($gamma) `,` type($beta)
                         `->` type($y) `,` type($mean) `,` type($rstd)}];
}
def Train_LayerNormBackwardOp : ReductionOp<"layer_norm_backward"> {
  let summary = "dx of layer_norm";
  let description = [{
    dx = rstd * (h - mean_c(h) - xhat * mean_c(h * xhat)), h = dy * gamma, xhat = (x - mean) * rstd.
    C1: shapes as in layer_norm.
  }];
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, FloatTensor:$gamma, FloatTensor:$mean, FloatTensor:$rstd);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = [{$dy `,` $x `,` $gamma `,` $mean `,` $rstd attr-dict
                         `:` type($dy) `,` type($x) `,` type($gamma) `,` type($mean) `,` type($rstd) `->` type($dx)}];
}
def Train_LayerNormParamGradOp : ReductionOp<"layer_norm_param_grad"> {
  let summary = "dgamma = sum over rows of dy * xhat, dbeta = sum over rows of dy";
  let description = "C1: shapes as in layer_norm.";
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, FloatTensor:$mean, FloatTensor:$rstd);
  let results = (outs FloatTensor:$dgamma, FloatTensor:$dbeta);
  let assemblyFormat = [{$dy `,` $x `,` $mean `,` $rstd attr-dict
                         `:` type($dy) `,` type($x) `,` type($mean) `,` type($rstd) `->` type($dgamma) `,` type($dbeta)}];
}
def Train_RmsNormOp : ReductionOp<"rms_norm"> {
  let summary = "y = x / sqrt(mean(x^2) + eps) * gamma over the last dimension";
  let description = "x [..., C], gamma [C], rstd [...] f32. C1: rank >= 1 and sizes agree. C2: eps >= 0.";
  let arguments = (ins FloatTensor:$x, FloatTensor:$gamma, F64Attr:$eps);
  let results = (outs FloatTensor:$y, FloatTensor:$rstd);
  let assemblyFormat = "$x `,` $gamma attr-dict `:` type($x) `,` type($gamma) `->` type($y) `,` type($rstd)";
}
def Train_RmsNormBackwardOp : ReductionOp<"rms_norm_backward"> {
  let summary = "dx of rms_norm";
  let description = "dx = rstd * (h - xhat * mean_c(h * xhat)), h = dy * gamma, xhat = x * rstd. C1: shapes as in rms_norm.";
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, FloatTensor:$gamma, FloatTensor:$rstd);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = [{$dy `,` $x `,` $gamma `,` $rstd attr-dict `:` type($dy) `,` type($x) `,` type($gamma) `,` type($rstd)
                         `->` type($dx)}];
}
def Train_RmsNormParamGradOp : ReductionOp<"rms_norm_param_grad"> {
  let summary = "dgamma = sum over rows of dy * x * rstd";
  let description = "C1: shapes as in rms_norm.";
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, FloatTensor:$rstd);
  let results = (outs FloatTensor:$dgamma);
  let assemblyFormat = "$dy `,` $x `,` $rstd attr-dict `:` type($dy) `,` type($x) `,` type($rstd) `->` type($dgamma)";
}

def Train_BatchNormOp : ReductionOp<"batch_norm", [DeclareOpInterfaceMethods<EvalFormOpInterface>,
    DeclareOpInterfaceMethods<ResidualFormOpInterface>,
    DeclareOpInterfaceMethods<RunningStatisticsOpInterface>, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "y = (x - mean) / sqrt(var + eps) * gamma + beta per channel (dimension 1), statistics of the batch";
  let description = [{
    x [N, C, ...], gamma and beta [C]; mean and var [C] f32 are the batch's statistics (var biased), used as they are
    stored, residuals of backward and the input of the running statistics. Pure: `running_mean` and `running_var` name the states that
    building the step updates (new = (1 - momentum) * old + momentum * batch, var unbiased) and that evaluation reads.
    C1: rank >= 2, gamma and beta have C elements. C2: eps >= 0. C3: 0 <= momentum <= 1.
    C4: at least one channel, and more than one element in each. C5: the symbols name states of mean's type, both or neither.
  }];
  let arguments = (ins FloatTensor:$x, FloatTensor:$gamma, FloatTensor:$beta, F64Attr:$eps, F64Attr:$momentum,
                       OptionalAttr<FlatSymbolRefAttr>:$running_mean, OptionalAttr<FlatSymbolRefAttr>:$running_var);
  let results = (outs FloatTensor:$y, FloatTensor:$mean, FloatTensor:$var);
  let assemblyFormat = [{$x `,` $gamma `,` $beta (`running` `(` $running_mean^ `,` $running_var `)`)? attr-dict
                         `:` type($x) `,` type($gamma) `,` type($beta) `->` type($y) `,` type($mean) `,` type($var)}];
}
def Train_BatchNormInferenceOp : ReductionOp<"batch_norm_inference"> {
  let summary = "y = (x - mean) / sqrt(var + eps) * gamma + beta per channel, with given statistics";
  let description = "C1: shapes as in batch_norm.";
  let arguments = (ins FloatTensor:$x, FloatTensor:$gamma, FloatTensor:$beta, FloatTensor:$mean, FloatTensor:$var, F64Attr:$eps);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = [{$x `,` $gamma `,` $beta `,` $mean `,` $var attr-dict
                         `:` type($x) `,` type($gamma) `,` type($beta) `,` type($mean) `,` type($var) `->` type($y)}];
}
def Train_BatchNormParamGradOp : ReductionOp<"batch_norm_param_grad"> {
  let summary = "dgamma = sum of dy * xhat, dbeta = sum of dy, per channel";
  let description = "xhat = (x - mean) / sqrt(var + eps). C1: shapes as in batch_norm.";
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, FloatTensor:$mean, FloatTensor:$var, F64Attr:$eps);
  let results = (outs FloatTensor:$dgamma, FloatTensor:$dbeta);
  let assemblyFormat = [{$dy `,` $x `,` $mean `,` $var attr-dict
                         `:` type($dy) `,` type($x) `,` type($mean) `,` type($var) `->` type($dgamma) `,` type($dbeta)}];
}
def Train_BatchNormBackwardOp : ReductionOp<"batch_norm_backward"> {
  let summary = "dx of batch_norm, from the sums of batch_norm_param_grad";
  let description = [{
    dx = gamma / sqrt(var + eps) * (dy - dbeta / n - xhat * dgamma / n), n elements per channel. Separate from the sums, because
    they need all of dy first. C1: shapes as in batch_norm.
  }];
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, FloatTensor:$gamma, FloatTensor:$mean, FloatTensor:$var,
                       FloatTensor:$dgamma, FloatTensor:$dbeta, F64Attr:$eps);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = [{$dy `,` $x `,` $gamma `,` $mean `,` $var `,` $dgamma `,` $dbeta attr-dict
                         `:` type($dy) `,` type($x) `,` type($gamma) `,` type($mean) `,` type($var) `,` type($dgamma) `,` type($dbeta)
                         `->` type($dx)}];
}
def Train_RunningAverageOp : Train_Op<"running_average", [Pure, AllTypesMatch<["old", "value", "result"]>,
    DeclareOpInterfaceMethods<StorageOpInterface>, RowFusible]> {
  let summary = "result = (1 - momentum) * old + momentum * scale * value, in old's place";
  let description = "`scale` turns a biased variance into an unbiased one. C1: 0 <= momentum <= 1.";
  let arguments = (ins FloatTensor:$old, FloatTensor:$value, F64Attr:$momentum, DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$old `,` $value attr-dict `:` type($old)";
  let hasVerifier = 1;
}

defvar PoolArguments = (ins DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding);

class PoolOp<string mnemonic> : Train_InferredOp<mnemonic, [PoolLibrary, RowFlops]>;

def Train_MaxPool2dOp : PoolOp<"max_pool2d"> {
  let summary = "maximum over windows of an NCHW tensor; padding never wins";
  let description = [{
    x [N, C, H, W], y [N, C, OH, OW], indices i32 (the place in the H x W plane of the first maximum) for backward.
    window = [h, w], strides = [h, w], padding = [top, left, bottom, right]. C1: attribute lengths 2, 2, 4; window and strides positive;
    0 <= padding < window. C2: OH and OW are positive.
  }];
  let arguments = !con((ins FloatTensor:$x), PoolArguments);
  let results = (outs FloatTensor:$y, IntTensor:$indices);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y) `,` type($indices)";
}
def Train_MaxPool2dBackwardOp : PoolOp<"max_pool2d_backward"> {
  let summary = "dx of max_pool2d: dy goes to where the maximum was";
  let description = "size = [H, W] of x. C1: max_pool2d of the result's shape has dy's shape.";
  let arguments = !con((ins FloatTensor:$dy, IntTensor:$indices, DenseI64ArrayAttr:$size), PoolArguments);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = "$dy `,` $indices attr-dict `:` type($dy) `,` type($indices) `->` type($dx)";
}
def Train_AvgPool2dOp : PoolOp<"avg_pool2d"> {
  let summary = "mean over windows of an NCHW tensor, padding counted as zeros";
  let description = "C1, C2 as max_pool2d.";
  let arguments = !con((ins FloatTensor:$x), PoolArguments);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
}
def Train_AvgPool2dBackwardOp : PoolOp<"avg_pool2d_backward"> {
  let summary = "dx of avg_pool2d";
  let description = "size = [H, W] of x. C1: avg_pool2d of the result's shape has dy's shape.";
  let arguments = !con((ins FloatTensor:$dy, DenseI64ArrayAttr:$size), PoolArguments);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = "$dy attr-dict `:` type($dy) `->` type($dx)";
}

#endif // TRAIN_REDUCTION_OPS
