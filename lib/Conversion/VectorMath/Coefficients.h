// Constants of the elementary functions: polynomials and numbers split into
// parts, one table per precision. Printed by coefficients.py,
// which says how each is derived; change that script, never this file. "error" is
// the largest relative error of approximation over the stated interval in f32 and
// f64, after the coefficients were rounded; constant terms come first.
#ifndef TRAIN_LIB_CONVERSION_VECTORMATH_COEFFICIENTS_H
#define TRAIN_LIB_CONVERSION_VECTORMATH_COEFFICIENTS_H

#include "llvm/ADT/ArrayRef.h"

namespace train::vmath {

/// The same constants for both element types.
struct Table {
  llvm::ArrayRef<double> f32;
  llvm::ArrayRef<double> f64;
};

// (exp(r)-1)/r on |r| <= ln(2)/2; error 2^-26.13 and 2^-59.93.
inline constexpr double expm1PolyF32[] = {
    0x1.0000000000000p+0, 0x1.fffffe0000000p-2, 0x1.5554b40000000p-3,
    0x1.5556f00000000p-5, 0x1.12253c0000000p-7, 0x1.6b9e8a0000000p-10,
};
inline constexpr double expm1PolyF64[] = {
    0x1.0000000000000p+0,  0x1.0000000000000p-1,  0x1.5555555555559p-3,
    0x1.555555555553fp-5,  0x1.111111110f6dap-7,  0x1.6c16c16c1f07ep-10,
    0x1.a01a01afd3eb6p-13, 0x1.a01a017bc515cp-16, 0x1.71ddf87ea06eap-19,
    0x1.27e5362eaa39bp-22, 0x1.af5e75318092ep-26, 0x1.1ee8846ac64bdp-29,
};
inline constexpr Table expm1Poly{expm1PolyF32, expm1PolyF64};

// 2^r on |r| <= 1/2, for exponents that arrive as two parts; error 2^-28.31 and 2^-55.61.
inline constexpr double exp2PolyF32[] = {
    0x1.0000000000000p+0,  0x1.62e4300000000p-1, 0x1.ebfbdc0000000p-3,
    0x1.c6af7c0000000p-5,  0x1.3b2de00000000p-7, 0x1.5f08340000000p-10,
    0x1.416b760000000p-13,
};
inline constexpr double exp2PolyF64[] = {
    0x1.0000000000000p+0,  0x1.62e42fefa39efp-1,  0x1.ebfbdff82c58fp-3,
    0x1.c6b08d704a0cfp-5,  0x1.3b2ab6fba4e22p-7,  0x1.5d87fe78a26bcp-10,
    0x1.430912f883d3dp-13, 0x1.ffcbfc74da692p-17, 0x1.62c021e262eb1p-20,
    0x1.b524dd4b7868fp-24, 0x1.e4d06c88883c0p-28, 0x1.ea015ec9fce4ap-32,
    0x1.c2ce9b0f53d2ap-36,
};
inline constexpr Table exp2Poly{exp2PolyF32, exp2PolyF64};

// 2^r on |r| <= 1/2 in f64, short enough for f32 results and long enough for f64 ones.
inline constexpr double exp2PowPolyF32[] = {
    0x1.0000000000000p+0,  0x1.62e42ff0e1d18p-1,  0x1.ebfbe0779a3b4p-3,
    0x1.c6b08ac005957p-5,  0x1.3b29f38990c27p-7,  0x1.5d8a863c2fe5ap-10,
    0x1.445c95434c7dep-13, 0x1.fde5ebeb0291dp-17,
};
inline constexpr double exp2PowPolyF64[] = {
    0x1.0000000000000p+0,  0x1.62e42fefa39efp-1,  0x1.ebfbdff82c58fp-3,
    0x1.c6b08d704a0cfp-5,  0x1.3b2ab6fba4e22p-7,  0x1.5d87fe78a26bcp-10,
    0x1.430912f883d3dp-13, 0x1.ffcbfc74da692p-17, 0x1.62c021e262eb1p-20,
    0x1.b524dd4b7868fp-24, 0x1.e4d06c88883c0p-28, 0x1.ea015ec9fce4ap-32,
    0x1.c2ce9b0f53d2ap-36,
};
inline constexpr Table exp2PowPoly{exp2PowPolyF32, exp2PowPolyF64};

// (log(1+f)-f+f^2/2)/f^3 on [sqrt(1/2)-1, sqrt(2)-1], weighed as part of log(1+f); error
// 2^-27.35 and 2^-57.59.
inline constexpr double log1pPolyF32[] = {
    0x1.5555540000000p-2,  -0x1.0002260000000p-2, 0x1.99a01c0000000p-3,
    -0x1.54728c0000000p-3, 0x1.22d9380000000p-3,  -0x1.0d82360000000p-3,
    0x1.055e460000000p-3,  -0x1.38c8940000000p-4,
};
inline constexpr double log1pPolyF64[] = {
    0x1.555555555556bp-2,  -0x1.ffffffffffe7bp-3, 0x1.9999999994dccp-3,
    -0x1.555555556b1f3p-3, 0x1.249249275d172p-3,  -0x1.fffffff3a4de1p-4,
    0x1.c71c702e37e50p-4,  -0x1.99999aa0fef2dp-4, 0x1.745d58ce763adp-4,
    -0x1.555576afaf860p-4, 0x1.3b0d78e5c03a3p-4,  -0x1.24894c991ff47p-4,
    0x1.1169ffed91a01p-4,  -0x1.00cf9f660824dp-4, 0x1.dc97b665d6ac2p-5,
    -0x1.b45ebd0e01299p-5, 0x1.bbad391b1317bp-5,  -0x1.01067f2e50f00p-4,
    0x1.d2af3dddf2395p-5,  -0x1.8dbc91f00ae58p-6,
};
inline constexpr Table log1pPoly{log1pPolyF32, log1pPolyF64};

// log2((1+s)/(1-s))/s in s^2, always f64: for f32 results and for f64 ones.
inline constexpr double log2PolyF32[] = {
    0x1.71547652b8251p+1, 0x1.ec709dc53c311p-1, 0x1.2776c293812fbp-1,
    0x1.a61a2e9155e91p-2, 0x1.47955fd269790p-2, 0x1.21b0597d18dafp-2,
};
inline constexpr double log2PolyF64[] = {
    0x1.71547652b82fep+1, 0x1.ec709dc3a03fcp-1, 0x1.2776c50ef9fd2p-1,
    0x1.a61762a707a9cp-2, 0x1.484b1448d053ap-2, 0x1.0c9a59776c763p-2,
    0x1.c6a29fde8b7a3p-3, 0x1.877356fc1db14p-3, 0x1.87dea65b76009p-3,
};
inline constexpr Table log2Poly{log2PolyF32, log2PolyF64};

// (sin(r)/r-1)/r^2 in r^2 on |r| <= pi/4, weighed as part of sin(r); error 2^-27.91 and
// 2^-57.14.
inline constexpr double sinPolyF32[] = {
    -0x1.5555460000000p-3,
    0x1.1107780000000p-7,
    -0x1.9953fe0000000p-13,
};
inline constexpr double sinPolyF64[] = {
    -0x1.5555555555555p-3,  0x1.111111111110bp-7,   -0x1.a01a01a018a67p-13,
    0x1.71de3a533015fp-19,  -0x1.ae64528ce2c86p-26, 0x1.61208be327bdcp-33,
    -0x1.aaa21470884d3p-41,
};
inline constexpr Table sinPoly{sinPolyF32, sinPolyF64};

// (cos(r)-1+r^2/2)/r^4 in r^2 on |r| <= pi/4, weighed as part of cos(r); error 2^-32.97
// and 2^-59.55.
inline constexpr double cosPolyF32[] = {
    0x1.55554a0000000p-5,
    -0x1.6c0c280000000p-10,
    0x1.99e8320000000p-16,
};
inline constexpr double cosPolyF64[] = {
    0x1.5555555555555p-5,   -0x1.6c16c16c16c0fp-10, 0x1.a01a01a018cc5p-16,
    -0x1.27e4fb75eb36fp-22, 0x1.1eed8c906ac93p-29,  -0x1.939323b125567p-37,
    0x1.aabce6f342497p-45,
};
inline constexpr Table cosPoly{cosPolyF32, cosPolyF64};

// erf(x)/x-1 in x^2 on |x| <= 1, weighed as part of erf(x); error 2^-29.37 and 2^-56.33.
inline constexpr double erfPolyF32[] = {
    0x1.06eba80000000p-3,  -0x1.81273e0000000p-2, 0x1.ce2ce60000000p-4,
    -0x1.b7f7160000000p-6, 0x1.53f1e00000000p-8,  -0x1.a34e740000000p-11,
    0x1.47679e0000000p-14,
};
inline constexpr double erfPolyF64[] = {
    0x1.06eba8214db69p-3,   -0x1.812746b0379e7p-2,  0x1.ce2f21a042bddp-4,
    -0x1.b82ce3128899bp-6,  0x1.565bcd0e64ab8p-8,   -0x1.c02db3fed8f8ap-11,
    0x1.f9a326bfb7602p-14,  -0x1.f4d255e14d15ep-17, 0x1.b9e64d082b047p-20,
    -0x1.5f6d6b55a6f19p-23, 0x1.fc411750efd1fp-27,  -0x1.4e55cda45004cp-30,
    0x1.7ecbfcc534ea3p-34,  -0x1.2928feef972bdp-38,
};
inline constexpr Table erfPoly{erfPolyF32, erfPolyF64};

// (t + 13/16) exp(t^2/2) erfc(t/sqrt(2)) / 2 in (t-4)/(t+4) for t up to 14.5 (f64: 38.7);
// error 2^-26.35 and 2^-53.26.
inline constexpr double millsPolyF32[] = {
    0x1.d141720000000p-2,   -0x1.093b640000000p-4,  -0x1.3175440000000p-7,
    0x1.586ee40000000p-5,   -0x1.3722240000000p-5,  0x1.40130a0000000p-6,
    -0x1.4f58280000000p-8,  -0x1.d2ff7e0000000p-12, 0x1.8687300000000p-11,
    -0x1.cfb8ae0000000p-17, -0x1.f23b520000000p-15,
};
inline constexpr double millsPolyF64[] = {
    0x1.d14171a52319bp-2,   -0x1.093b63e457029p-4,  -0x1.3172348986f7ep-7,
    0x1.586fcf80d0271p-5,   -0x1.372c4b419ef34p-5,  0x1.3ff3e6aaab94ap-6,
    -0x1.4e12a3655fae8p-8,  -0x1.a917ec98158d0p-12, 0x1.7eba25dc2cbaap-11,
    -0x1.683e30b066b5ep-14, -0x1.8702d4df3ef7cp-14, 0x1.55f08a3388133p-16,
    0x1.e4413a8861721p-17,  -0x1.b7a4b748bcd8fp-19, -0x1.6eaa2ceedb43fp-19,
    0x1.876b4cf73eee7p-22,  0x1.2d0a0a0b1928dp-21,  0x1.88846f1fed69cp-27,
    -0x1.ba1c3dd59cc8cp-24, -0x1.5b08aea9fbeb6p-26, 0x1.8a5368d495d01p-27,
    0x1.2e5a2cae2f5c1p-28,  0x1.64dff741be545p-33,
};
inline constexpr Table millsPoly{millsPolyF32, millsPolyF64};

// (mills(t) - t/sqrt(2 pi)) / (geluZero - t) in (t-4)/(t+4) for t up to 18.0 (f64: 50.0);
// error 2^-25.93 and 2^-54.34.
inline constexpr double slopePolyF32[] = {
    0x1.d94de80000000p-2,   -0x1.a763000000000p-4, 0x1.ef4f320000000p-5,
    -0x1.cc1f1a0000000p-6,  0x1.3793080000000p-7,  -0x1.d431420000000p-10,
    -0x1.5bd1820000000p-13, 0x1.75a0960000000p-13, -0x1.3fc07a0000000p-18,
    -0x1.2c545c0000000p-17,
};
inline constexpr double slopePolyF64[] = {
    0x1.d94de78425463p-2,   -0x1.a763001ac67ccp-4,  0x1.ef4ff801378eep-5,
    -0x1.cc1e2623da9d9p-6,  0x1.37754d817360ep-7,   -0x1.d4c8222826387p-10,
    -0x1.443f6401996bfp-13, 0x1.85999b35eb056p-13,  -0x1.25380a39e8ed4p-16,
    -0x1.2e934ad46b116p-16, 0x1.dafae276b431fp-19,  0x1.298065575968cp-19,
    -0x1.0833f3df7677cp-21, -0x1.769c65ac1d8f8p-22, 0x1.c1c6143e9a7ffp-25,
    0x1.0c180c2159169p-24,  -0x1.ca6bb4f1425a9p-31, -0x1.66d3517130efap-27,
    -0x1.a51c2a2b4adffp-30, 0x1.35b0be3425978p-30,  0x1.774e882309568p-32,
};
inline constexpr Table slopePoly{slopePolyF32, slopePolyF64};

// log2(e).
inline constexpr double log2eF32[] = {
    0x1.7154760000000p+0,
    0x1.4ae0c00000000p-26,
};
inline constexpr double log2eF64[] = {
    0x1.71547652b82fep+0,
    0x1.777d0ffda0d24p-56,
};
inline constexpr Table log2e{log2eF32, log2eF64};

// log(2).
inline constexpr double ln2F32[] = {
    0x1.62e4300000000p-1,
    -0x1.05c6100000000p-29,
};
inline constexpr double ln2F64[] = {
    0x1.62e42fefa39efp-1,
    0x1.abc9e3b39803fp-56,
};
inline constexpr Table ln2{ln2F32, ln2F64};

// log2(e)/2.
inline constexpr double halfLog2eF32[] = {
    0x1.7154760000000p-1,
    0x1.4ae0c00000000p-27,
};
inline constexpr double halfLog2eF64[] = {
    0x1.71547652b82fep-1,
    0x1.777d0ffda0d24p-57,
};
inline constexpr Table halfLog2e{halfLog2eF32, halfLog2eF64};

// Where Mills ratio and t/sqrt(2 pi) cross: the zero of the derivative of gelu, negated.
inline constexpr double geluZeroF32[] = {
    0x1.80ead20000000p-1,
    -0x1.a03fd40000000p-27,
};
inline constexpr double geluZeroF64[] = {
    0x1.80ead197f00b4p-1,
    -0x1.13e74c58cada8p-56,
};
inline constexpr Table geluZero{geluZeroF32, geluZeroF64};

// 2 sqrt(2/pi) log2(e); the first part is short, see Gelu.cpp.
inline constexpr double geluLinearF32[] = {
    0x1.26aec00000000p+1,
    0x1.0de73a0000000p-22,
};
inline constexpr double geluLinearF64[] = {
    0x1.26aec21bce760p+1,
    -0x1.ad12d7a64bcebp-49,
};
inline constexpr Table geluLinear{geluLinearF32, geluLinearF64};

// 2 sqrt(2/pi) log2(e), rounded.
inline constexpr double geluSumF32[] = {
    0x1.26aec20000000p+1,
};
inline constexpr double geluSumF64[] = {
    0x1.26aec21bce759p+1,
};
inline constexpr Table geluSum{geluSumF32, geluSumF64};

// 2 sqrt(2/pi) 0.044715 log2(e).
inline constexpr double geluCubicF32[] = {
    0x1.a5a7d00000000p-4,
    -0x1.151aae0000000p-29,
};
inline constexpr double geluCubicF64[] = {
    0x1.a5a7cf7572a98p-4,
    -0x1.b91c940e4cfcfp-58,
};
inline constexpr Table geluCubic{geluCubicF32, geluCubicF64};

// 2 sqrt(2/pi); the first part is short, see Gelu.cpp.
inline constexpr double slopeLinearF32[] = {
    0x1.9884600000000p+0,
    -0x1.9857940000000p-21,
};
inline constexpr double slopeLinearF64[] = {
    0x1.9884533d43640p+0,
    0x1.08d0fcb3c500cp-48,
};
inline constexpr Table slopeLinear{slopeLinearF32, slopeLinearF64};

// Three times 2 sqrt(2/pi) 0.044715.
inline constexpr double slopeCubicF32[] = {
    0x1.b6676c0000000p-3,
    -0x1.175e200000000p-32,
};
inline constexpr double slopeCubicF64[] = {
    0x1.b6676bf7450f0p-3,
    0x1.bba7351828aabp-57,
};
inline constexpr Table slopeCubic{slopeCubicF32, slopeCubicF64};

// pi/2 in f64 parts, whatever the element type.
inline constexpr double halfPiF32[] = {
    0x1.921fb54442d18p+0,
    0x1.1a62633145c07p-54,
    -0x1.f1976b7ed8fbcp-110,
};
inline constexpr double halfPiF64[] = {
    0x1.921fb54442d18p+0,
    0x1.1a62633145c07p-54,
    -0x1.f1976b7ed8fbcp-110,
};
inline constexpr Table halfPi{halfPiF32, halfPiF64};

// 2/pi in f64.
inline constexpr double twoOverPiF32[] = {
    0x1.45f306dc9c883p-1,
};
inline constexpr double twoOverPiF64[] = {
    0x1.45f306dc9c883p-1,
};
inline constexpr Table twoOverPi{twoOverPiF32, twoOverPiF64};

} // namespace train::vmath

#endif // TRAIN_LIB_CONVERSION_VECTORMATH_COEFFICIENTS_H
