//===- ScaleRules.cpp - how each op treats the loss scale -------------------===//
//
// The table behind LossScaleOpInterface: one letter per declared operand (an optional or
// variadic operand is one), the last letter standing for all that follow. An op that is
// missing here must not see a scaled value at all.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/ScaleState.h"

using namespace mlir;
using namespace train;

namespace {

// T: a term, F: a factor, D: a divisor, S: a factor that is squared, P: plain, I:
// ignored.
constexpr char T[] = "T", TI[] = "TI", TPI[] = "TPI", TTP[] = "TTP", ITT[] = "ITT",
               FF[] = "FF", FD[] = "FD", FFT[] = "FFT", IT[] = "IT", TP[] = "TP",
               PPPPPT[] = "PPPPPT", TPPPPT[] = "TPPPPT", FPIPD[] = "FPIPD",
               FFTTP[] = "FFTTP", I[] = "I", SS[] = "SS", P[] = "P", sgdRoles[] = "PFPFI",
               momentumRoles[] = "PFPPFI", adamwRoles[] = "PFPPPPPFI";

constexpr char none[] = "", steps[] = "updates parameters with gradients that",
               clips[] = "clips by a norm of gradients that";

ScaleRole parseRole(char letter) {
  switch (letter) {
  case 'T':
    return ScaleRole::Term;
  case 'F':
    return ScaleRole::Factor;
  case 'D':
    return ScaleRole::Divisor;
  case 'S':
    return ScaleRole::Square;
  case 'I':
    return ScaleRole::Ignored;
  default:
    return ScaleRole::Plain;
  }
}

template <typename OpT, const char *Roles, const char *Misuse>
struct Model : LossScaleOpInterface::ExternalModel<Model<OpT, Roles, Misuse>, OpT> {
  ScaleRole getScaleRole(Operation *op, unsigned operand) const {
    StringRef roles = Roles;
    for (unsigned declared = 0; declared < roles.size(); ++declared) {
      auto [first, count] = cast<OpT>(op).getODSOperandIndexAndLength(declared);
      if (operand < first + count)
        return parseRole(roles[declared]);
      // The last declared operand reaches to the end.
      if (first + count >= op->getNumOperands())
        break;
    }
    return parseRole(roles.back());
  }
  StringRef getScaleMisuse(Operation *) const { return Misuse; }
};

template <const char *Roles, const char *Misuse, typename... Ops>
void attach(MLIRContext *context) {
  (Ops::template attachInterface<Model<Ops, Roles, Misuse>>(*context), ...);
}

} // namespace

void train::registerScaleRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TrainDialect *) {
    // Sums, moves, and what is homogeneous for positive factors.
    attach<T, none, AddOp, SubOp, NegOp, AbsOp, ReluOp, MinOp, MaxOp, CastOp, ReshapeOp,
           TransposeOp, SliceOp, ConcatOp, PadOp, BroadcastOp, ReduceSumOp, ReduceMeanOp,
           ReduceMaxOp, AvgPool2dOp, AvgPool2dBackwardOp, MaxPool2dOp, RunningAverageOp>(
        context);
    attach<TI, none, EmbeddingOp, MaxPool2dBackwardOp, DropoutOp>(context);
    attach<IT, none, EmbeddingGradOp>(context);
    attach<ITT, none, SelectOp>(context);
    // Products; a contraction adds to what it accumulates into.
    attach<FF, none, MulOp, ScaleLossOp, Conv2dOp, Conv2dTransposeOp>(context);
    attach<FFT, none, MatmulOp, Conv2dFilterGradOp>(context);
    attach<FD, none, DivOp, UnscaleOp>(context);
    attach<SS, none, SumSquaresOp>(context);
    // Adjoints: linear in what flows back, not in what the forward pass left.
    attach<TP, none, GeluBackwardOp, SiluBackwardOp, LayerNormBackwardOp,
           LayerNormParamGradOp, RmsNormBackwardOp, RmsNormParamGradOp,
           BatchNormParamGradOp>(context);
    attach<TPPPPT, none, BatchNormBackwardOp>(context);
    attach<PPPPPT, none, AttentionBackwardOp>(context);
    attach<FPIPD, none, CrossEntropyBackwardOp>(context);
    // Also its own adjoint, where mean and beta are zero and thus carry every scale.
    attach<FFTTP, none, BatchNormInferenceOp>(context);
    // Numbers on a grid: whatever chooses the grid, the numbers carry what they carried.
    // A block's scale and its elements do so together.
    attach<TPI, none, QuantizeOp, QuantizeBlocksOp>(context);
    attach<TP, none, DequantizeOp>(context);
    attach<TTP, none, DequantizeBlocksOp>(context);
    // Verdicts, what moves the scale itself, and what chooses a grid.
    attach<I, none, CompareOp, CheckFiniteOp, UpdateScaleOp, AmaxOp, DelayedScaleOp>(
        context);
    // What must not see a scale, and says so in its own words.
    attach<P, clips, ClipCoefficientOp>(context);
    attach<sgdRoles, steps, SgdOp>(context);
    attach<momentumRoles, steps, MomentumOp>(context);
    attach<adamwRoles, steps, AdamWOp>(context);
  });
}
