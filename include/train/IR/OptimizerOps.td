// Optimizer updates: in place, one kernel per parameter, and the scalars they need.
#ifndef TRAIN_OPTIMIZER_OPS
#define TRAIN_OPTIMIZER_OPS

include "train/IR/TrainBase.td"

defvar UpdateStorage = DeclareOpInterfaceMethods<StorageOpInterface>;
defvar UpdateKernel = DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>;

class UpdateOp<string mnemonic, list<string> state>
    : Train_Op<mnemonic, [Pure, AttrSizedOperandSegments, UpdateStorage, UpdateKernel,
                          DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>,
                          AllTypesMatch<!listconcat(["param", "new_param"], state)>]> {
  let hasVerifier = 1;
  dag common = (ins FloatTensor:$lr, Optional<FloatTensor>:$grad_scale, Optional<BoolTensor>:$apply);
  // Last of all, so that its place is known without counting the optional operands before it.
  dag copied = (ins Optional<FloatTensor>:$copy);
}

def Train_SgdOp : UpdateOp<"sgd", []> {
  let summary = "new_param = param - lr * (grad_scale * grad + weight_decay * param)";
  let description = [{
    In place. grad_scale (clipping, unscaling) and apply (a skipped step leaves everything untouched) are optional scalars. A `copy` of
    the parameter in a narrower type gives a further result, new_param rounded to that type, in the copy's place.
    C1: grad has param's shape. C2: lr and grad_scale are f32 scalars, apply an i1 scalar. C3: weight_decay is finite
    and not negative. C4: there is a new_copy if there is a copy, of the same type: param's shape, a narrower float.
  }];
  let arguments = !con((ins FloatTensor:$param, FloatTensor:$grad), common, copied, (ins F64Attr:$weight_decay));
  let results = (outs FloatTensor:$new_param, Optional<FloatTensor>:$new_copy);
  let assemblyFormat = [{$param `,` $grad `,` `lr` $lr (`scale` $grad_scale^ `:` type($grad_scale))? (`apply` $apply^ `:` type($apply))?
                         (`copy` $copy^ `:` type($copy) `->` type($new_copy))? attr-dict `:` type($param) `,` type($grad) `,` type($lr)}];
}
def Train_MomentumOp : UpdateOp<"momentum", ["velocity", "new_velocity"]> {
  let summary = "v = beta * v + g; new_param = param - lr * v, g with L2 weight decay as in torch.optim.SGD";
  let description = "g = grad_scale * grad + weight_decay * param. In place. C1, C2, C3 as sgd; velocity has param's type. C4: 0 <= beta < 1. C5: a copy is as in sgd.";
  let arguments = !con((ins FloatTensor:$param, FloatTensor:$grad, FloatTensor:$velocity), common, copied,
                       (ins F64Attr:$beta, F64Attr:$weight_decay));
  let results = (outs FloatTensor:$new_param, FloatTensor:$new_velocity, Optional<FloatTensor>:$new_copy);
  let assemblyFormat = [{$param `,` $grad `,` $velocity `,` `lr` $lr (`scale` $grad_scale^ `:` type($grad_scale))?
                         (`apply` $apply^ `:` type($apply))? (`copy` $copy^ `:` type($copy) `->` type($new_copy))?
                         attr-dict `:` type($param) `,` type($grad) `,` type($lr)}];
}
def Train_AdamWOp : UpdateOp<"adamw", ["m", "v", "new_m", "new_v"]> {
  let summary = "Adam with decoupled weight decay, or with L2 decay in the gradient under `l2`";
  let description = [{
    g = grad_scale * grad (+ weight_decay * param under l2); p = param * (1 - lr * weight_decay) (not under l2);
    m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2;
    new_param = p - (lr / correction1) * m / (sqrt(v) / sqrt(correction2) + eps),
    correctionK = bias_correction of betaK at this step (Kingma and Ba, ICLR 2015; Loshchilov and Hutter, ICLR 2019; the order of
    operations is torch.optim.AdamW's). In place. C1, C2, C3 as sgd; corrections are f32 scalars. C4: 0 <= beta < 1 for both, eps is
    finite and not negative. C5: a copy is as in sgd.
  }];
  let arguments = !con((ins FloatTensor:$param, FloatTensor:$grad, FloatTensor:$m, FloatTensor:$v,
                            FloatTensor:$correction1, FloatTensor:$correction2), common, copied,
                       (ins F64Attr:$beta1, F64Attr:$beta2, F64Attr:$eps, F64Attr:$weight_decay, UnitAttr:$l2));
  let results = (outs FloatTensor:$new_param, FloatTensor:$new_m, FloatTensor:$new_v, Optional<FloatTensor>:$new_copy);
  let assemblyFormat = [{$param `,` $grad `,` $m `,` $v `,` `corrections` $correction1 `,` $correction2 `,` `lr` $lr
                         (`scale` $grad_scale^ `:` type($grad_scale))? (`apply` $apply^ `:` type($apply))?
                         (`copy` $copy^ `:` type($copy) `->` type($new_copy))?
                         attr-dict `:` type($param) `,` type($grad) `,` type($correction1) `,` type($correction2) `,` type($lr)}];
}
def Train_IncrementOp : Train_Op<"increment", [Pure, AllTypesMatch<["counter", "result"]>, UpdateStorage, UpdateKernel]> {
  let summary = "result = counter + 1, or counter where `apply` is false; in place";
  let description = "C1: counter is an i64 scalar, apply an i1 scalar.";
  let arguments = (ins IntTensor:$counter, Optional<BoolTensor>:$apply);
  let results = (outs IntTensor:$result);
  let assemblyFormat = "$counter (`apply` $apply^ `:` type($apply))? attr-dict `:` type($counter)";
  let hasVerifier = 1;
}
def Train_BiasCorrectionOp : Train_Op<"bias_correction", [Pure, UpdateKernel]> {
  let summary = "result = 1 - beta^t, computed in f64 and rounded once, t = steps applied before + 1";
  let description = "C1: counter is an i64 scalar, the result an f32 scalar. C2: 0 <= beta < 1.";
  let arguments = (ins IntTensor:$counter, F64Attr:$beta);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$counter attr-dict `:` type($counter) `->` type($result)";
  let hasVerifier = 1;
}
def Train_SumSquaresOp : Train_Op<"sum_squares", [Pure, UpdateKernel]> {
  let summary = "result = the sum of (scale * x)^2 over all elements, in fixed chunks of the logical tensor";
  let description = [{
    `scale`, 1 if not given, is the factor that the optimizer will multiply gradients by: the loss scale's inverse, for
    instance, so that the norm is that of unscaled gradients and no gradient is written twice. C1: the result and scale are f32 scalars.
  }];
  let arguments = (ins FloatTensor:$x, Optional<FloatTensor>:$scale);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$x (`scale` $scale^ `:` type($scale))? attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}
def Train_ClipCoefficientOp : Train_Op<"clip_coefficient", [Pure, UpdateKernel]> {
  let summary = "norm = sqrt(sum of squares); coefficient = min(1, max_norm / (norm + 1e-6))";
  let description = "The operands are the sums of squares of all gradients, added in order. C1: f32 scalars. C2: max_norm > 0.";
  let arguments = (ins Variadic<FloatTensor>:$squares, F64Attr:$max_norm);
  let results = (outs FloatTensor:$coefficient, FloatTensor:$norm);
  let assemblyFormat = "$squares attr-dict `:` type($squares) `->` type($coefficient) `,` type($norm)";
  let hasVerifier = 1;
}

#endif // TRAIN_OPTIMIZER_OPS
