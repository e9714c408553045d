// Constants of the elementary functions: polynomials, rational functions and
// numbers split into parts, one table per precision. Printed by coefficients.py,
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
    0x1.0000000000000p+0,
    0x1.fffffe0000000p-2,
    0x1.5554b40000000p-3,
    0x1.5556f00000000p-5,
    0x1.12253c0000000p-7,
    0x1.6b9e8a0000000p-10,
};
inline constexpr double expm1PolyF64[] = {
    0x1.0000000000000p+0,
    0x1.0000000000000p-1,
    0x1.5555555555559p-3,
    0x1.555555555553fp-5,
    0x1.111111110f6dap-7,
    0x1.6c16c16c1f07ep-10,
    0x1.a01a01afd3eb6p-13,
    0x1.a01a017bc515cp-16,
    0x1.71ddf87ea06eap-19,
    0x1.27e5362eaa39bp-22,
    0x1.af5e75318092ep-26,
    0x1.1ee8846ac64bdp-29,
};
inline constexpr Table expm1Poly{expm1PolyF32, expm1PolyF64};

// 2^r on |r| <= 1/2, for exponents that arrive as two parts; error 2^-28.31 and 2^-55.61.
inline constexpr double exp2PolyF32[] = {
    0x1.0000000000000p+0,
    0x1.62e4300000000p-1,
    0x1.ebfbdc0000000p-3,
    0x1.c6af7c0000000p-5,
    0x1.3b2de00000000p-7,
    0x1.5f08340000000p-10,
    0x1.416b760000000p-13,
};
inline constexpr double exp2PolyF64[] = {
    0x1.0000000000000p+0,
    0x1.62e42fefa39efp-1,
    0x1.ebfbdff82c58fp-3,
    0x1.c6b08d704a0cfp-5,
    0x1.3b2ab6fba4e22p-7,
    0x1.5d87fe78a26bcp-10,
    0x1.430912f883d3dp-13,
    0x1.ffcbfc74da692p-17,
    0x1.62c021e262eb1p-20,
    0x1.b524dd4b7868fp-24,
    0x1.e4d06c88883c0p-28,
    0x1.ea015ec9fce4ap-32,
    0x1.c2ce9b0f53d2ap-36,
};
inline constexpr Table exp2Poly{exp2PolyF32, exp2PolyF64};

// 2^r on |r| <= 1/2 in f64, short enough for f32 results and long enough for f64 ones.
inline constexpr double exp2PowPolyF32[] = {
    0x1.0000000000000p+0,
    0x1.62e42ff0e1d18p-1,
    0x1.ebfbe0779a3b4p-3,
    0x1.c6b08ac005957p-5,
    0x1.3b29f38990c27p-7,
    0x1.5d8a863c2fe5ap-10,
    0x1.445c95434c7dep-13,
    0x1.fde5ebeb0291dp-17,
};
inline constexpr double exp2PowPolyF64[] = {
    0x1.0000000000000p+0,
    0x1.62e42fefa39efp-1,
    0x1.ebfbdff82c58fp-3,
    0x1.c6b08d704a0cfp-5,
    0x1.3b2ab6fba4e22p-7,
    0x1.5d87fe78a26bcp-10,
    0x1.430912f883d3dp-13,
    0x1.ffcbfc74da692p-17,
    0x1.62c021e262eb1p-20,
    0x1.b524dd4b7868fp-24,
    0x1.e4d06c88883c0p-28,
    0x1.ea015ec9fce4ap-32,
    0x1.c2ce9b0f53d2ap-36,
};
inline constexpr Table exp2PowPoly{exp2PowPolyF32, exp2PowPolyF64};

// (log(1+f)-f+f^2/2)/f^3 on [sqrt(1/2)-1, sqrt(2)-1], weighed as part of log(1+f); error 2^-27.35 and 2^-57.59.
inline constexpr double log1pPolyF32[] = {
    0x1.5555540000000p-2,
    -0x1.0002260000000p-2,
    0x1.99a01a0000000p-3,
    -0x1.5472880000000p-3,
    0x1.22d9620000000p-3,
    -0x1.0d828e0000000p-3,
    0x1.055d6e0000000p-3,
    -0x1.38c4e40000000p-4,
};
inline constexpr double log1pPolyF64[] = {
    0x1.555555555556bp-2,
    -0x1.ffffffffffe7bp-3,
    0x1.9999999994dccp-3,
    -0x1.555555556b1f3p-3,
    0x1.249249275d172p-3,
    -0x1.fffffff3a4de1p-4,
    0x1.c71c702e37e50p-4,
    -0x1.99999aa0fef2dp-4,
    0x1.745d58ce763adp-4,
    -0x1.555576afaf860p-4,
    0x1.3b0d78e5c03a3p-4,
    -0x1.24894c991ff47p-4,
    0x1.1169ffed91a01p-4,
    -0x1.00cf9f660824dp-4,
    0x1.dc97b665d6ac2p-5,
    -0x1.b45ebd0e01299p-5,
    0x1.bbad391b1317bp-5,
    -0x1.01067f2e50f00p-4,
    0x1.d2af3dddf2395p-5,
    -0x1.8dbc91f00ae58p-6,
};
inline constexpr Table log1pPoly{log1pPolyF32, log1pPolyF64};

// log2((1+s)/(1-s))/s in s^2, always f64: for f32 results and for f64 ones.
inline constexpr double log2PolyF32[] = {
    0x1.71547652b8251p+1,
    0x1.ec709dc53c311p-1,
    0x1.2776c293812fbp-1,
    0x1.a61a2e9155e91p-2,
    0x1.47955fd269790p-2,
    0x1.21b0597d18dafp-2,
};
inline constexpr double log2PolyF64[] = {
    0x1.71547652b82fep+1,
    0x1.ec709dc3a03fcp-1,
    0x1.2776c50ef9fd2p-1,
    0x1.a61762a707a9cp-2,
    0x1.484b1448d053ap-2,
    0x1.0c9a59776c763p-2,
    0x1.c6a29fde8b7a3p-3,
    0x1.877356fc1db14p-3,
    0x1.87dea65b76009p-3,
};
inline constexpr Table log2Poly{log2PolyF32, log2PolyF64};

// (sin(r)/r-1)/r^2 in r^2 on |r| <= pi/4, weighed as part of sin(r); error 2^-27.91 and 2^-57.14.
inline constexpr double sinPolyF32[] = {
    -0x1.5555460000000p-3,
    0x1.1107780000000p-7,
    -0x1.9953fe0000000p-13,
};
inline constexpr double sinPolyF64[] = {
    -0x1.5555555555555p-3,
    0x1.111111111110bp-7,
    -0x1.a01a01a018a67p-13,
    0x1.71de3a533015fp-19,
    -0x1.ae64528ce2c86p-26,
    0x1.61208be327bdcp-33,
    -0x1.aaa21470884d3p-41,
};
inline constexpr Table sinPoly{sinPolyF32, sinPolyF64};

// (cos(r)-1+r^2/2)/r^4 in r^2 on |r| <= pi/4, weighed as part of cos(r); error 2^-32.97 and 2^-59.55.
inline constexpr double cosPolyF32[] = {
    0x1.55554a0000000p-5,
    -0x1.6c0c280000000p-10,
    0x1.99e8320000000p-16,
};
inline constexpr double cosPolyF64[] = {
    0x1.5555555555555p-5,
    -0x1.6c16c16c16c0fp-10,
    0x1.a01a01a018cc5p-16,
    -0x1.27e4fb75eb36fp-22,
    0x1.1eed8c906ac93p-29,
    -0x1.939323b125567p-37,
    0x1.aabce6f342497p-45,
};
inline constexpr Table cosPoly{cosPolyF32, cosPolyF64};

// erf(x)/x in x^2 on |x| <= 1; error 2^-24.15 and 2^-54.47.
inline constexpr double erfPolyF32[] = {
    0x1.20dd740000000p+0,
    -0x1.8126320000000p-2,
    0x1.cdfdc60000000p-4,
    -0x1.b4e65a0000000p-6,
    0x1.3cba0e0000000p-8,
    -0x1.008c180000000p-11,
    -0x1.96849e0000000p-16,
};
inline constexpr double erfPolyF64[] = {
    0x1.20dd750429b6dp+0,
    -0x1.812746b0379e7p-2,
    0x1.ce2f21a042bddp-4,
    -0x1.b82ce3128899bp-6,
    0x1.565bcd0e64ab8p-8,
    -0x1.c02db3fed8f8ap-11,
    0x1.f9a326bfb7602p-14,
    -0x1.f4d255e14d15ep-17,
    0x1.b9e64d082b047p-20,
    -0x1.5f6d6b55a6f19p-23,
    0x1.fc411750efd1fp-27,
    -0x1.4e55cda45004cp-30,
    0x1.7ecbfcc534ea3p-34,
    -0x1.2928feef972bdp-38,
};
inline constexpr Table erfPoly{erfPolyF32, erfPolyF64};

// The Mills ratio exp(t^2/2) * erfc(t/sqrt(2)) / 2 on [0, 14.5] (f64: 38.7); error 2^-26.28 and 2^-54.68.
inline constexpr double millsNumF32[] = {
    0x1.0000000000000p-1,
    0x1.c0d0a20000000p-2,
    0x1.77445c0000000p-3,
    0x1.4cde980000000p-5,
    0x1.0dc4e60000000p-8,
};
inline constexpr double millsNumF64[] = {
    0x1.0000000000000p-1,
    0x1.a7cde2a177510p-1,
    0x1.5bd0a261be464p-1,
    0x1.6db2d5ff2f0d9p-2,
    0x1.0e36945bd2a8ep-3,
    0x1.23e56334a0fc4p-5,
    0x1.d23b71a96386fp-8,
    0x1.1027ed8447a48p-10,
    0x1.be39adb76d2e9p-14,
    0x1.d332deba57ea3p-18,
    0x1.e047d70590165p-23,
};
inline constexpr Table millsNum{millsNumF32, millsNumF64};

// Its denominator.
inline constexpr double millsDenF32[] = {
    0x1.0000000000000p+0,
    0x1.acaa820000000p+0,
    0x1.33d76e0000000p+0,
    0x1.e0bd6c0000000p-2,
    0x1.a137680000000p-4,
    0x1.521a000000000p-7,
};
inline constexpr double millsDenF64[] = {
    0x1.0000000000000p+0,
    0x1.3a0806200c81dp+1,
    0x1.6877df31dda5ap+1,
    0x1.001068bd6314cp+1,
    0x1.f57d4e6db6810p-1,
    0x1.6461d0760bf9ep-2,
    0x1.785a90490533ap-4,
    0x1.2884c03c13490p-6,
    0x1.57625bdd0f637p-9,
    0x1.1837d3e9accfcp-12,
    0x1.24c5fbe3471c0p-16,
    0x1.2cf8a3bc8bce2p-21,
};
inline constexpr Table millsDen{millsDenF32, millsDenF64};

// (mills(t) - t/sqrt(2 pi)) / (geluZero - t) in 1 / (1 + t/4) on 0 <= t <= 18 (f64: 50); error 2^-30.55 and 2^-51.31.
inline constexpr double slopePolyF32[] = {
    0x1.9884140000000p-2,
    0x1.333acc0000000p-4,
    0x1.055e1c0000000p-4,
    0x1.b6774c0000000p-5,
    0x1.c6c1fe0000000p-6,
    0x1.a846880000000p-5,
    -0x1.35e80a0000000p-5,
    0x1.0830d40000000p-4,
    -0x1.4d83e80000000p-5,
    0x1.0faab40000000p-7,
};
inline constexpr double slopePolyF64[] = {
    0x1.9884533d334c7p-2,
    0x1.331e9a355615ep-4,
    0x1.06b6769f9293ep-4,
    0x1.a3ebcbd597ea9p-5,
    0x1.33554f5a6b87ep-5,
    0x1.8ea085cf0c5b8p-6,
    0x1.a5e8e5c5639dbp-7,
    0x1.5a7642e3f35fep-8,
    -0x1.72860d906f3a7p-9,
    0x1.49c293c67807fp-8,
    -0x1.20f7ff654c5c0p-6,
    0x1.8f14dfd70c474p-6,
    -0x1.974e8b7f64cd7p-6,
    0x1.55b4eff28dde5p-7,
    0x1.1860adfaa5754p-6,
    -0x1.126aa0645593ep-5,
    0x1.bf5c483d9131bp-6,
    -0x1.97f83cef2940ep-7,
    0x1.998fc78a99c9ap-9,
    -0x1.644adb76021f7p-12,
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
