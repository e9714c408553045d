// Losses: scalars that training minimizes.
#ifndef TRAIN_LOSS_OPS
#define TRAIN_LOSS_OPS

include "train/IR/TrainBase.td"

def Train_CrossEntropyOp : Train_InferredOp<"cross_entropy", [DeclareOpInterfaceMethods<IndexingOpInterface>, DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>,
    DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>, DeclareOpInterfaceMethods<PrecisionOpInterface>]> {
  let summary = "mean over valid labels of lse(logits) - logits[label]";
  let description = [{
    logits [..., V], labels [...] in [0, V) or equal to ignore_index (not counted). loss is an f32 scalar, lse [...] f32
    the residual of backward (the log of the sum of exp), count f32 the number of valid labels. With no valid label the loss is 0.
    A divisor takes the place of the number of valid labels, at least 1: then the loss is a part of a mean over more rows than
    these, and the parts add up to that mean (train-chunk-loss).
    C1: labels have logits' shape without the last dimension. C2: rank >= 1. C3: a divisor has the type of the loss.
  }];
  let arguments = (ins FloatTensor:$logits, IntTensor:$labels, Optional<FloatTensor>:$divisor,
                       DefaultValuedAttr<I64Attr, "-100">:$ignore_index);
  let results = (outs FloatTensor:$loss, FloatTensor:$lse, FloatTensor:$count);
  let assemblyFormat = [{$logits `,` $labels (`,` $divisor^)? attr-dict `:` type($logits) `,` type($labels) (`,` type($divisor)^)?
                         `->` type($loss) `,` type($lse) `,` type($count)}];
}
def Train_CrossEntropyBackwardOp : Train_InferredOp<"cross_entropy_backward", [DeclareOpInterfaceMethods<IndexingOpInterface>, DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>,
    DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>, DeclareOpInterfaceMethods<PrecisionOpInterface>]> {
  let summary = "dlogits = dloss / count * (exp(logits - lse) - onehot(label)), 0 where ignored";
  let description = "C1: shapes as in cross_entropy.";
  let arguments = (ins FloatTensor:$dloss, FloatTensor:$logits, IntTensor:$labels, FloatTensor:$lse, FloatTensor:$count,
                       DefaultValuedAttr<I64Attr, "-100">:$ignore_index);
  let results = (outs FloatTensor:$dlogits);
  let assemblyFormat = [{$dloss `,` $logits `,` $labels `,` $lse `,` $count attr-dict
                         `:` type($dloss) `,` type($logits) `,` type($labels) `,` type($lse) `,` type($count) `->` type($dlogits)}];
}
def Train_MseOp : Train_InferredOp<"mse", [DeclareOpInterfaceMethods<RowProgramOpInterface, ["getRowKind"]>,
    DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>, DeclareOpInterfaceMethods<PrecisionOpInterface>]> {
  let summary = "loss = mean of (prediction - target)^2";
  let description = "C1: one shape and element type.";
  let arguments = (ins FloatTensor:$prediction, FloatTensor:$target);
  let results = (outs FloatTensor:$loss);
  let assemblyFormat = "$prediction `,` $target attr-dict `:` type($prediction) `,` type($target) `->` type($loss)";
}

#endif // TRAIN_LOSS_OPS
