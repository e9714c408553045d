// One case per constraint of the Precision family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.cast C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+1 {{requires the same shape for all operands and results}}
  %y = train.cast %x : tensor<4x64xf32> -> tensor<64x4xf32>
  train.return
}

// -----

// train.scale_loss C1
train.step @g(%loss: tensor<f32>, %scale: tensor<1xf32>) {
  // expected-error@+1 {{scale must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %s = train.scale_loss %loss, %scale : tensor<f32>, tensor<1xf32>
  train.return
}

// -----

// train.unscale C1
train.step @g(%g: tensor<4x64xf32>, %scale: tensor<f64>) {
  // expected-error@+1 {{scale must be a scalar 'tensor<f32>', got 'tensor<f64>'}}
  %u = train.unscale %g, %scale : tensor<4x64xf32>, tensor<f64>
  train.return
}

// -----

// train.check_finite C1
train.step @g(%g: tensor<4x64xf32>) {
  // expected-error@+1 {{the result must be a scalar 'tensor<i1>', got 'tensor<1xi1>'}}
  %ok = train.check_finite %g : tensor<4x64xf32> -> tensor<1xi1>
  train.return
}

// -----

// train.check_finite C1
train.step @g(%g: tensor<4x64xf32>, %p: tensor<1xi1>) {
  // expected-error@+1 {{the previous verdict must be a scalar 'tensor<i1>', got 'tensor<1xi1>'}}
  %ok = train.check_finite %g and %p : tensor<1xi1>, : tensor<4x64xf32> -> tensor<i1>
  train.return
}

// -----

// train.update_scale C1
train.step @g(%scale: tensor<f32>, %good: tensor<i32>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // expected-error@+1 {{good_steps must be a scalar 'tensor<i64>', got 'tensor<i32>'}}
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64} : tensor<f32>, tensor<i32>, tensor<i64>, tensor<i1>
  train.return
}

// -----

// train.update_scale C2
train.step @g(%scale: tensor<f32>, %good: tensor<i64>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // expected-error@+1 {{window must be at least 1, got 0}}
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 0 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  train.return
}

// -----

// train.update_scale C2
train.step @g(%scale: tensor<f32>, %good: tensor<i64>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // expected-error@+1 {{hysteresis must be at least 1, got -1}}
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = -1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  train.return
}

// -----

// train.update_scale C2
train.step @g(%scale: tensor<f32>, %good: tensor<i64>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // expected-error@+1 {{growth must be finite and at least 1, got 5.0}}
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 5.000000e-01 : f64, growth = 0.5 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  train.return
}

// -----

// train.update_scale C2
train.step @g(%scale: tensor<f32>, %good: tensor<i64>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // expected-error@+1 {{backoff must be in (0, 1], got 1.5}}
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 1.5 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  train.return
}

// -----

// train.update_scale C2
train.step @g(%scale: tensor<f32>, %good: tensor<i64>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // expected-error@+1 {{minimum must be positive and finite, got 0.0}}
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 0.0 : f64, window = 2000 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  train.return
}

// -----

// train.quantize C1
train.graph @g(%x: tensor<4x64xf32>, %s: tensor<f32>) {
  // expected-error@+1 {{changes the shape: [4, 64] and [64, 4]}}
  %q = train.quantize %x, %s : tensor<4x64xf32>, tensor<f32> -> tensor<64x4xf8E4M3FN>
  train.return
}

// -----

// train.quantize C2
train.graph @g(%x: tensor<4x64xf32>, %s: tensor<4xf32>) {
  // expected-error@+1 {{scale must be a scalar 'tensor<f32>', got 'tensor<4xf32>'}}
  %q = train.quantize %x, %s : tensor<4x64xf32>, tensor<4xf32> -> tensor<4x64xf8E4M3FN>
  train.return
}

// -----

// train.quantize C3
train.graph @g(%x: tensor<4x64xf32>, %s: tensor<f32>) {
  // expected-error@+1 {{the result must have elements of 2 to 8 bits, got 'bf16'}}
  %q = train.quantize %x, %s : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xbf16>
  train.return
}

// -----

// train.dequantize C1
train.graph @g(%x: tensor<4x64xf8E4M3FN>, %s: tensor<f32>) {
  // expected-error@+1 {{changes the shape: [4, 63] and [4, 64]}}
  %y = train.dequantize %x, %s : tensor<4x64xf8E4M3FN>, tensor<f32> -> tensor<4x63xf32>
  train.return
}

// -----

// train.dequantize C2
train.graph @g(%x: tensor<4x64xf8E4M3FN>, %s: tensor<bf16>) {
  // expected-error@+1 {{scale must be a scalar 'tensor<f32>', got 'tensor<bf16>'}}
  %y = train.dequantize %x, %s : tensor<4x64xf8E4M3FN>, tensor<bf16> -> tensor<4x64xf32>
  train.return
}

// -----

// train.dequantize C3
train.graph @g(%x: tensor<4x64xi1>, %s: tensor<f32>) {
  // expected-error@+1 {{x must have elements of 2 to 8 bits, got 'i1'}}
  %y = train.dequantize %x, %s : tensor<4x64xi1>, tensor<f32> -> tensor<4x64xf32>
  train.return
}
