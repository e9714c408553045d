// The params of CONV2D and of the pools, by name.
#ifndef TRAIN_RUNTIME_CPU_CONVOLUTIONSHAPE_H
#define TRAIN_RUNTIME_CPU_CONVOLUTIONSHAPE_H

#include <cstdint>

namespace train::cpu {

struct ConvolutionShape {
  int64_t N, C, H, W, O, kh, kw;
  int64_t strideH, strideW, padTop, padLeft, padBottom, padRight;
  int64_t dilationH, dilationW, groups, OH, OW;
  bool accumulate;
  int64_t operandType, resultType; ///< TrainTypes

  explicit ConvolutionShape(const int64_t *p)
      : N(p[0]), C(p[1]), H(p[2]), W(p[3]), O(p[4]), kh(p[5]), kw(p[6]), strideH(p[7]),
        strideW(p[8]), padTop(p[9]), padLeft(p[10]), padBottom(p[11]), padRight(p[12]),
        dilationH(p[13]), dilationW(p[14]), groups(p[15]), OH(p[16]), OW(p[17]),
        accumulate(p[18] != 0), operandType(p[19]), resultType(p[20]) {}

  int64_t inputsPerGroup() const { return C / groups; }
  int64_t outputsPerGroup() const { return O / groups; }
  int64_t taps() const { return kh * kw; }
  /// One tap on every position, nothing else: a plain matrix product.
  bool isPointwise() const {
    return kh == 1 && kw == 1 && strideH == 1 && strideW == 1 && padTop == 0 &&
           padLeft == 0 && OH == H && OW == W;
  }
};

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_CONVOLUTIONSHAPE_H
