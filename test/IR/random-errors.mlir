// One case per constraint of the Random family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// Each use has its own site.
train.graph @g(%x: tensor<4x8xf32>) -> (y: tensor<4x8xf32>) {
  %key = train.random_key : tensor<3xi64>
  // expected-note@+1 {{the other use is here}}
  %a = train.dropout %x, %key {rate = 0.5 : f64, samples = 4 : i64, site = 7 : i64} : tensor<4x8xf32>, tensor<3xi64>
  // expected-error@+1 {{has site 7, which another use has already}}
  %b = train.dropout %a, %key {rate = 0.5 : f64, samples = 4 : i64, site = 7 : i64} : tensor<4x8xf32>, tensor<3xi64>
  train.return %b : tensor<4x8xf32>
}

// -----

// train.random_key C1
train.graph @g() {
  // expected-error@+1 {{yields tensor<3xi64>}}
  %key = train.random_key : tensor<2xi64>
  train.return
}

// -----

// train.dropout C1
train.graph @g(%x: tensor<4x16x64xf32>, %key: tensor<3xi64>) {
  // expected-error@+1 {{needs 0 <= rate < 1, got 1.0}}
  %y = train.dropout %x, %key {rate = 1.0 : f64, samples = 4 : i64, site = 7 : i64} : tensor<4x16x64xf32>, tensor<3xi64>
  train.return
}

// -----

// train.dropout C2
train.graph @g(%x: tensor<4x16x64xf32>, %key: tensor<3xi64>) {
  // expected-error@+1 {{needs a number of samples that divides 4096 elements, got 3}}
  %y = train.dropout %x, %key {rate = 0.1 : f64, samples = 3 : i64, site = 7 : i64} : tensor<4x16x64xf32>, tensor<3xi64>
  train.return
}

// -----

// train.dropout C3
train.graph @g(%x: tensor<4x16x64xf32>, %key: tensor<i64>) {
  // expected-error@+1 {{needs a key of type tensor<3xi64>}}
  %y = train.dropout %x, %key {rate = 0.1 : f64, samples = 4 : i64, site = 7 : i64} : tensor<4x16x64xf32>, tensor<i64>
  train.return
}
