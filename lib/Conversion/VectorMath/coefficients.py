#!/usr/bin/env python3
"""Derives every constant of the elementary functions and prints Coefficients.h.

Why a script: the polynomials are this project's own, and a reader who doubts one
of them can rerun its derivation. Needs mpmath only:

    python3 coefficients.py > Coefficients.h

Method: Remez exchange (Cheney, "Introduction to Approximation Theory", ch. 3) in 50
digits on a Chebyshev grid, for the smallest relative error unless said otherwise. f32
coefficients are rounded one at a time from the constant term on, refitting those
not yet rounded after each, so that rounding costs far less than rounding all at once.
"""
import struct
import mpmath as m
from mpmath import mp, mpf, matrix, lu_solve

mp.dps = 50


def remez(f, w, a, b, size, grid=900, skip_zero=False):
    """The `size` coefficients of the best polynomial for f on [a,b], error weight w > 0."""
    a, b = mpf(a), mpf(b)
    xs = [(a + b) / 2 - (b - a) / 2 * m.cos(m.pi * i / grid) for i in range(grid + 1)]
    if skip_zero:
        xs = [x for x in xs if abs(x) > (b - a) / 2000]
    fs, ws = [f(x) for x in xs], [max(w(x), mpf(10) ** -30) for x in xs]
    ref = [round((len(xs) - 1) * i / size) for i in range(size + 1)]
    best = None
    for _ in range(30):
        lhs, rhs = matrix(size + 1, size + 1), matrix(size + 1, 1)
        for row, i in enumerate(ref):
            for d in range(size):
                lhs[row, d] = xs[i] ** d
            lhs[row, size] = (-1) ** row / ws[i]
            rhs[row] = fs[i]
        solution = lu_solve(lhs, rhs)
        cs, level = [solution[d] for d in range(size)], solution[size]
        err = [(m.polyval(cs[::-1], x) - y) * wx for x, y, wx in zip(xs, fs, ws)]
        worst = max(abs(e) for e in err)
        if best is None or worst < best[0]:
            best = (worst, cs)
        if worst <= abs(level) * mpf("1.002"):
            break
        # The next reference: the largest error of each sign run, thinned to size + 1.
        ext = []
        for i, e in enumerate(err):
            if ext and (err[ext[-1]] > 0) == (e > 0):
                if abs(e) > abs(err[ext[-1]]):
                    ext[-1] = i
            else:
                ext.append(i)
        while len(ext) > size + 1:
            if len(ext) == size + 2:
                ext.pop(0 if abs(err[ext[0]]) < abs(err[ext[-1]]) else -1)
            else:
                j = min(range(len(ext) - 1), key=lambda j: max(abs(err[ext[j]]), abs(err[ext[j + 1]])))
                del ext[j:j + 2]
        if len(ext) < size + 1:
            break
        ref = ext
    return best[1]


def f32(x):
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def f64(x):
    return mpf(float(x))


def poly(f, w, a, b, degree, rnd, fixed=()):
    """Coefficients of degree 0..degree, rounded by rnd; `fixed` are given leading ones."""
    done = list(fixed)
    while len(done) <= degree:
        k = len(done)
        # Dividing by x^k keeps the basis 1, x, ... a Haar system on intervals around 0.
        residual = lambda x: (f(x) - m.polyval(done[::-1], x)) / x ** k if done else f(x)
        weight = lambda x: w(x) * abs(x) ** k
        best = remez(residual, weight, a, b, degree + 1 - k, skip_zero=k > 0)
        done += [rnd(c) for c in (best if rnd is f64 else best[:1])]  # 2^-53 needs no refit
    return done


def achieved(f, w, a, b, cs):
    top = mpf(0)
    for i in range(1501):
        x = mpf(a) + (mpf(b) - mpf(a)) * i / 1500
        top = max(top, abs((m.polyval(cs[::-1], x) - f(x)) * w(x)))
    return m.nstr(m.log(top, 2), 4) if top else "exact"


def literal(x):
    return float(x).hex()


def emit(name, comment, single, double):
    print(f"// {comment}")
    for suffix, values in (("F32", single), ("F64", double)):
        print(f"inline constexpr double {name}{suffix}[] = {{")
        for v in values:
            print(f"    {literal(v)},")
        print("};")
    print(f"inline constexpr Table {name}{{{name}F32, {name}F64}};\n")


def polys(name, what, f, w, a, b, d32, d64, fixed=()):
    single = poly(f, w, a, b, d32, f32, fixed)
    double = poly(f, w, a, b, d64, f64, fixed)
    note = f"{what}; error 2^{achieved(f, w, a, b, single)} and 2^{achieved(f, w, a, b, double)}."
    emit(name, note, single, double)


def parts(name, what, value, first32=f32, first64=f64, count=2):
    """value as an unevaluated sum of `count` numbers, the first with the given rounding."""
    both = []
    for first, rnd in ((first32, f32), (first64, f64)):
        out, rest = [], value
        for i in range(count):
            out.append((first if i == 0 else rnd)(rest))
            rest -= out[-1]
        both.append(out)
    emit(name, what, *both)


def split_f64(value, count):
    out = []
    for _ in range(count):
        out.append(f64(value))
        value -= out[-1]
    return out


def multiple_of(power):
    return lambda x: m.floor(x * mpf(2) ** power + mpf("0.5")) / mpf(2) ** power


ln2, log2e = m.log(2), 1 / m.log(2)
half = ln2 / 2 * mpf("1.0001")
half2 = mpf("0.50005")
quarter = m.pi / 4 * mpf("1.0001")
inv_root_2pi = 1 / m.sqrt(2 * m.pi)
mills = lambda t: m.erfc(t / m.sqrt(2)) / 2 * m.exp(t * t / 2)
zero = m.findroot(lambda t: mills(t) - inv_root_2pi * t, 0.75)
slope = lambda t: ((mills(t) - inv_root_2pi * t) / (zero - t)
                   if abs(t - zero) > mpf(10) ** -12 else inv_root_2pi - (zero * mills(zero) - inv_root_2pi))

print("""// Constants of the elementary functions: polynomials and numbers split into
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
""")

# (exp(r) - 1) / r, with 1 for constant term so that tiny arguments come back unchanged.
polys("expm1Poly", "(exp(r)-1)/r on |r| <= ln(2)/2", lambda r: m.expm1(r) / r if r else mpf(1),
      lambda r: r / m.expm1(r) if r else mpf(1), -half, half, 5, 11, (mpf(1),))
polys("exp2Poly", "2^r on |r| <= 1/2, for exponents that arrive as two parts", lambda r: mpf(2) ** r,
      lambda r: mpf(2) ** -r, -half2, half2, 6, 12, (mpf(1),))
emit("exp2PowPoly", "2^r on |r| <= 1/2 in f64, short enough for f32 results and long enough for f64 ones.",
     poly(lambda r: mpf(2) ** r, lambda r: mpf(2) ** -r, -half2, half2, 7, f64, (mpf(1),)),
     poly(lambda r: mpf(2) ** r, lambda r: mpf(2) ** -r, -half2, half2, 12, f64, (mpf(1),)))
# The series itself is used near 0, where the quotient has no digits left.
log1p_tail = lambda f: ((m.log1p(f) - f + f * f / 2) / f ** 3 if abs(f) > mpf(10) ** -6
                        else mpf(1) / 3 - f / 4 + f * f / 5 - f ** 3 / 6)
polys("log1pPoly", "(log(1+f)-f+f^2/2)/f^3 on [sqrt(1/2)-1, sqrt(2)-1], weighed as part of log(1+f)", log1p_tail,
      lambda f: f ** 3 / m.log1p(f) if f else mpf(0), m.sqrt(mpf(1) / 2) - 1, m.sqrt(2) - 1, 7, 19, ())
log2_series = lambda z: (2 * log2e * m.atanh(m.sqrt(z)) / m.sqrt(z)) if z else 2 * log2e
narrow = ((m.sqrt(2) - 1) / (m.sqrt(2) + 1)) ** 2
emit("log2Poly", "log2((1+s)/(1-s))/s in s^2, always f64: for f32 results and for f64 ones.",
     poly(log2_series, lambda z: 1 / log2_series(z), 0, narrow, 5, f64),
     poly(log2_series, lambda z: 1 / log2_series(z), 0, narrow, 8, f64))
sin_tail = lambda z: (m.sin(m.sqrt(z)) / m.sqrt(z) - 1) / z if z > mpf(10) ** -12 else -mpf(1) / 6
cos_tail = lambda z: (m.cos(m.sqrt(z)) - 1 + z / 2) / z ** 2 if z > mpf(10) ** -12 else mpf(1) / 24
polys("sinPoly", "(sin(r)/r-1)/r^2 in r^2 on |r| <= pi/4, weighed as part of sin(r)", sin_tail,
      lambda z: z / (m.sin(m.sqrt(z)) / m.sqrt(z)) if z else mpf(0), 0, quarter ** 2, 2, 6)
polys("cosPoly", "(cos(r)-1+r^2/2)/r^4 in r^2 on |r| <= pi/4, weighed as part of cos(r)", cos_tail,
      lambda z: z * z / m.cos(m.sqrt(z)), 0, quarter ** 2, 2, 6)
erf_ratio = lambda z: m.erf(m.sqrt(z)) / m.sqrt(z) if z else 2 / m.sqrt(m.pi)
polys("erfPoly", "erf(x)/x-1 in x^2 on |x| <= 1, weighed as part of erf(x)", lambda z: erf_ratio(z) - 1,
      lambda z: 1 / erf_ratio(z), 0, 1, 6, 13)
# Functions of t in [0, T] as polynomials in v = (t-4)/(t+4), which covers [-1, 1) evenly:
# powers of v damp the rounding errors of the high coefficients at both ends.
far = lambda v: 4 * (1 + v) / (1 - v)
mills_flat = lambda v: (far(v) + mpf("0.8125")) * mills(far(v))
slope_flat = lambda v: slope(far(v))
for name, what, f, t32, t64, d32, d64 in (
        ("millsPoly", "(t + 13/16) exp(t^2/2) erfc(t/sqrt(2)) / 2", mills_flat, mpf("14.5"), mpf("38.7"), 10, 22),
        ("slopePoly", "(mills(t) - t/sqrt(2 pi)) / (geluZero - t)", slope_flat, 18, 50, 9, 20)):
    w = lambda v: 1 / f(v)
    hi32, hi64 = ((mpf(t) - 4) / (mpf(t) + 4) for t in (t32, t64))
    single, double = poly(f, w, -1, hi32, d32, f32), poly(f, w, -1, hi64, d64, f64)
    emit(name, f"{what} in (t-4)/(t+4) for t up to {m.nstr(mpf(t32), 3)} (f64: {m.nstr(mpf(t64), 3)}); error "
         f"2^{achieved(f, w, -1, hi32, single)} and 2^{achieved(f, w, -1, hi64, double)}.", single, double)

parts("log2e", "log2(e).", log2e)
parts("ln2", "log(2).", ln2)
parts("halfLog2e", "log2(e)/2.", log2e / 2)
parts("geluZero", "Where Mills ratio and t/sqrt(2 pi) cross: the zero of the derivative of gelu, negated.", zero)
linear = 2 * m.sqrt(2 / m.pi)
cubic = linear * mpf("0.044715")
parts("geluLinear", "2 sqrt(2/pi) log2(e); the first part is short, see Gelu.cpp.", linear * log2e,
      multiple_of(19), multiple_of(46))
parts("geluSum", "2 sqrt(2/pi) log2(e), rounded.", linear * log2e, count=1)
parts("geluCubic", "2 sqrt(2/pi) 0.044715 log2(e).", cubic * log2e)
parts("slopeLinear", "2 sqrt(2/pi); the first part is short, see Gelu.cpp.", linear, multiple_of(19), multiple_of(46))
parts("slopeCubic", "Three times 2 sqrt(2/pi) 0.044715.", 3 * cubic)
emit("halfPi", "pi/2 in f64 parts, whatever the element type.", *[split_f64(m.pi / 2, 3)] * 2)
emit("twoOverPi", "2/pi in f64.", [f64(2 / m.pi)], [f64(2 / m.pi)])

print("""} // namespace train::vmath

#endif // TRAIN_LIB_CONVERSION_VECTORMATH_COEFFICIENTS_H""")
