// Table lookup and its adjoint.
#ifndef TRAIN_INDEX_OPS
#define TRAIN_INDEX_OPS

include "train/IR/TrainBase.td"

def Train_EmbeddingOp : Train_InferredOp<"embedding", [DeclareOpInterfaceMethods<IndexingOpInterface>, DeclareOpInterfaceMethods<LibraryOpInterface>]> {
  let summary = "result[i..., :] = table[ids[i...], :]";
  let description = [{
    table [V, C], ids of any shape, result ids' shape + [C]. An id outside [0, V) stops execution with an error.
    C1: table has rank 2.
  }];
  let arguments = (ins FloatTensor:$table, IntTensor:$ids);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = "$table `,` $ids attr-dict `:` type($table) `,` type($ids) `->` type($result)";
}
def Train_EmbeddingGradOp : Train_InferredOp<"embedding_grad", [DeclareOpInterfaceMethods<IndexingOpInterface>, DeclareOpInterfaceMethods<LibraryOpInterface>,
    DeclareOpInterfaceMethods<StorageOpInterface>, AccumulatingOpInterface]> {
  let summary = "result[v, :] = the sum of dy[i..., :] where ids[i...] = v, in ascending order of i";
  let description = "C1: dy has ids' shape + [C]. C2: an accumulator is [vocabulary, C] and is written in place. C3: vocabulary > 0.";
  let arguments = (ins IntTensor:$ids, FloatTensor:$dy, Optional<FloatTensor>:$accumulator, I64Attr:$vocabulary);
  let results = (outs FloatTensor:$result);
  let assemblyFormat = [{$ids `,` $dy (`into` $accumulator^ `:` type($accumulator) `,`)? attr-dict
                         `:` type($ids) `,` type($dy) `->` type($result)}];
}

#endif // TRAIN_INDEX_OPS
