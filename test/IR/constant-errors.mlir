// One case per constraint of the Constant family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.constant C1
train.graph @g() {
  // expected-error@+1 {{failed to verify that all of {value, result} have same type}}
  %c = "train.constant"() <{value = dense<1.0> : tensor<2xf32>}> : () -> tensor<3xf32>
  train.return
}

// -----

// train.iota C1
train.graph @g() {
  // expected-error@+1 {{needs dim in [0, 2), got 2}}
  %i = train.iota 2 : tensor<4x64xi32>
  train.return
}
