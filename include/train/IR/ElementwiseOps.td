// Elementwise ops: each result element depends on the operand elements at its
// own index, after NumPy broadcasting.
#ifndef TRAIN_ELEMENTWISE_OPS
#define TRAIN_ELEMENTWISE_OPS

include "train/IR/TrainBase.td"

defvar Fusible = DeclareOpInterfaceMethods<RowProgramOpInterface>;
defvar Flops = DeclareOpInterfaceMethods<RecomputableOpInterface, ["getFlops"]>;
defvar Precision = DeclareOpInterfaceMethods<PrecisionOpInterface>;

class UnaryOp<string mnemonic, string summary_, list<Trait> traits = []>
    : Train_Op<mnemonic, !listconcat([Pure, SameOperandsAndResultType, Fusible, Flops, Precision], traits)> {
  let summary = summary_;
  let arguments = (ins FloatTensor:$x);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Train_NegOp : UnaryOp<"neg", "y = -x">;
def Train_AbsOp : UnaryOp<"abs", "y = |x|; the derivative at 0 is 0">;
def Train_ExpOp : UnaryOp<"exp", "y = e^x">;
def Train_LogOp : UnaryOp<"log", "y = natural logarithm of x">;
def Train_SqrtOp : UnaryOp<"sqrt", "y = square root of x">;
def Train_RsqrtOp : UnaryOp<"rsqrt", "y = 1 / sqrt(x)">;
def Train_SinOp : UnaryOp<"sin", "y = sin x, x in radians">;
def Train_CosOp : UnaryOp<"cos", "y = cos x, x in radians">;
def Train_TanhOp : UnaryOp<"tanh", "y = tanh x">;
def Train_SigmoidOp : UnaryOp<"sigmoid", "y = 1 / (1 + e^-x)">;
def Train_ErfOp : UnaryOp<"erf", "y = the error function of x">;
def Train_ReluOp : UnaryOp<"relu", "y = max(x, 0); the derivative at 0 is 0">;
def Train_SiluOp : UnaryOp<"silu", "y = x * sigmoid(x)">;

def Train_GeluOp : Train_Op<"gelu", [Pure, SameOperandsAndResultType, Fusible, Flops, Precision]> {
  let summary = "y = x * Phi(x): `erf` is exact, `tanh` the approximation of GPT-2";
  let arguments = (ins FloatTensor:$x, Train_GeluKindAttr:$kind);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "`` $kind $x attr-dict `:` type($x)";
}
def Train_GeluBackwardOp : Train_Op<"gelu_backward", [Pure, SameOperandsAndResultType, Fusible, Flops, Precision]> {
  let summary = "dx = dy * gelu'(x), in one op because the difference of its terms needs care";
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x, Train_GeluKindAttr:$kind);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = "`` $kind $dy `,` $x attr-dict `:` type($x)";
}
def Train_SiluBackwardOp : Train_Op<"silu_backward", [Pure, SameOperandsAndResultType, Fusible, Flops, Precision]> {
  let summary = "dx = dy * silu'(x)";
  let arguments = (ins FloatTensor:$dy, FloatTensor:$x);
  let results = (outs FloatTensor:$dx);
  let assemblyFormat = "$dy `,` $x attr-dict `:` type($x)";
}

class BinaryOp<string mnemonic, string summary_, list<Trait> traits = []>
    : Train_InferredOp<mnemonic, !listconcat([Fusible, Flops, Precision], traits)> {
  let summary = summary_;
  let description = [{
    C1: both operands have one element type. C2: their shapes broadcast as in NumPy: aligned at
    the last dimension, sizes equal or one of them 1 or absent.
  }];
  let arguments = (ins NumberTensor:$lhs, NumberTensor:$rhs);
  let results = (outs NumberTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
}

def Train_AddOp : BinaryOp<"add", "result = lhs + rhs", [Commutative]>;
def Train_SubOp : BinaryOp<"sub", "result = lhs - rhs">;
def Train_MulOp : BinaryOp<"mul", "result = lhs * rhs", [Commutative]>;
def Train_DivOp : BinaryOp<"div", "result = lhs / rhs; integers truncate toward zero">;
def Train_PowOp : BinaryOp<"pow", "result = lhs ^ rhs, with C's special cases; floats only">;
def Train_MinOp : BinaryOp<"min", "result = the smaller; NaN if either is; a tie sends the derivative to lhs">;
def Train_MaxOp : BinaryOp<"max", "result = the larger; NaN if either is; a tie sends the derivative to lhs">;

def Train_CompareOp : Train_InferredOp<"compare", [Fusible, Flops, Precision]> {
  let summary = "result = lhs `predicate` rhs as i1; comparisons with NaN are false, `ne` true";
  let description = "C1, C2 as for the arithmetic ops.";
  let arguments = (ins NumberTensor:$lhs, NumberTensor:$rhs, Train_PredicateAttr:$predicate);
  let results = (outs BoolTensor:$result);
  let assemblyFormat = "`` $predicate $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
}
def Train_SelectOp : Train_InferredOp<"select", [Fusible, Flops, Precision]> {
  let summary = "result = condition ? lhs : rhs";
  let description = "C1: lhs and rhs have one element type. C2: all three shapes broadcast.";
  let arguments = (ins BoolTensor:$condition, NumberTensor:$lhs, NumberTensor:$rhs);
  let results = (outs NumberTensor:$result);
  let assemblyFormat = [{$condition `,` $lhs `,` $rhs attr-dict `:` type($condition) `,` type($lhs) `,` type($rhs)
                         `->` type($result)}];
}
def Train_ClampOp : Train_Op<"clamp", [Pure, SameOperandsAndResultType, Fusible, Flops, Precision]> {
  let summary = "y = min(max(x, low), high); the derivative is 1 inside and on the borders, else 0";
  let description = "C1: low <= high.";
  let arguments = (ins FloatTensor:$x, F64Attr:$low, F64Attr:$high);
  let results = (outs FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}

#endif // TRAIN_ELEMENTWISE_OPS
