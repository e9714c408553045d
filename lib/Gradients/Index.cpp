// Adjoint of the table lookup.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

// y[i] = table[ids[i]]: dtable[v] = the sum of dy[i] where ids[i] = v
static void embeddingRule(EmbeddingOp op, Adjoint &d) {
  d.set(0, d.make<EmbeddingGradOp>(op.getIds(), d.dy(), Value(),
                                   tensorType(op.getTable()).getDimSize(0)));
}

void train::attachIndexRules(MLIRContext *context) {
  attach<EmbeddingOp, embeddingRule>(context);
}
