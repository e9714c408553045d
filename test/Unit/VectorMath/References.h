// The functions under test beside their references in long double, which carries 11
// bits more than f64: the error of a reference never shows in a figure.
#ifndef TRAIN_TEST_UNIT_VECTORMATH_REFERENCES_H
#define TRAIN_TEST_UNIT_VECTORMATH_REFERENCES_H

#include "Harness.h"

namespace train::vmath::test {

struct Case {
  std::string name;
  Emit emit;
  long double (*reference)(long double x, long double y);
  enum Second { None, Gradient, Exponent } second = None;
  /// Largest error accepted, in ULP of f32 results, against the exact value: 4 ULP from
  /// the correctly rounded value are 4.5 from the exact one.
  double bound = 4.5;
  /// For derivatives: where |result| < floor * |dy|, ULP are those of floor * |dy|.
  double floor = 0;
  /// Accuracy is promised for |x| up to here, in f32 and f64.
  double limit32 = 1e39, limit64 = 1e308;
};

const std::vector<Case> &cases();

} // namespace train::vmath::test

#endif // TRAIN_TEST_UNIT_VECTORMATH_REFERENCES_H
