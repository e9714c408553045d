// The dialect `example` with its op softplus, as docs/adding-an-op.md builds it.
#ifndef EXAMPLE_SOFTPLUS_H
#define EXAMPLE_SOFTPLUS_H

#include "train/IR/TrainDialect.h"

#include "Softplus.dialect.decls.inc"
#define GET_OP_CLASSES
#include "Softplus.op.decls.inc"

#endif // EXAMPLE_SOFTPLUS_H
