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

// train.check_finite C2
train.step @g(%g: tensor<4x64xf32>, %s: tensor<f64>) {
  // expected-error@+1 {{scale must be a scalar 'tensor<f32>', got 'tensor<f64>'}}
  %ok = train.check_finite %g scale %s : tensor<f64>, : tensor<4x64xf32> -> tensor<i1>
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

// -----

// train.cast C2
train.graph @g(%x: tensor<4x63xf32>) {
  // expected-error@+1 {{y has rows of 63 elements of 4 bits, an odd number, which do not end at a byte}}
  %y = train.cast %x : tensor<4x63xf32> -> tensor<4x63xf4E2M1FN>
  train.return
}

// -----

// train.quantize C4
train.graph @g(%x: tensor<4x64xf32>, %s: tensor<f32>, %k: tensor<3xi64>) {
  // expected-error@+1 {{takes key, site and samples together or none of them, got 2 of the three}}
  %q = train.quantize %x, %s random %k : tensor<3xi64>, {site = 1 : i64} : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf8E4M3FN>
  train.return
}

// -----

// train.quantize C4
train.graph @g(%x: tensor<4x64xf32>, %s: tensor<f32>, %k: tensor<3xi64>) {
  // expected-error@+1 {{needs a number of samples that divides 256 elements, got 3}}
  %q = train.quantize %x, %s random %k : tensor<3xi64>, {samples = 3 : i64, site = 1 : i64} : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf8E4M3FN>
  train.return
}

// -----

// train.quantize C4
train.graph @g(%x: tensor<4x64xf32>, %s: tensor<f32>, %k: tensor<3xi64>) {
  // expected-error@+1 {{rounds at random to f8E4M3FN, f8E5M2 and f4E2M1FN only, got 'i8'}}
  %q = train.quantize %x, %s random %k : tensor<3xi64>, {samples = 4 : i64, site = 1 : i64} : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xi8>
  train.return
}

// -----

// train.quantize C5
train.graph @g(%x: tensor<4x1xf32>, %s: tensor<f32>) {
  // expected-error@+1 {{the result has rows of 1 elements of 4 bits, an odd number, which do not end at a byte}}
  %q = train.quantize %x, %s : tensor<4x1xf32>, tensor<f32> -> tensor<4x1xf4E2M1FN>
  train.return
}

// -----

// train.dequantize C4
train.graph @g(%x: tensor<5xf4E2M1FN>, %s: tensor<f32>) {
  // expected-error@+1 {{x has rows of 5 elements of 4 bits, an odd number, which do not end at a byte}}
  %y = train.dequantize %x, %s : tensor<5xf4E2M1FN>, tensor<f32> -> tensor<5xf32>
  train.return
}

// -----

// train.amax C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+1 {{the result must be a scalar 'tensor<f32>', got 'tensor<f64>'}}
  %m = train.amax %x : tensor<4x64xf32> -> tensor<f64>
  train.return
}

// -----

// train.delayed_scale C1
train.graph @g(%h: tensor<4x4xf32>, %s: tensor<f32>, %a: tensor<f32>) {
  // expected-error@+1 {{needs a history of f32, of rank 1 and not empty, got 'tensor<4x4xf32>'}}
  %n:2 = train.delayed_scale %h, %s, %a {largest = 448.0 : f64, margin = 0 : i64} : tensor<4x4xf32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.delayed_scale C2
train.graph @g(%h: tensor<4xf32>, %s: tensor<f32>, %a: tensor<f32>) {
  // expected-error@+1 {{largest must be positive and finite, got 0.0}}
  %n:2 = train.delayed_scale %h, %s, %a {largest = 0.0 : f64, margin = 0 : i64} : tensor<4xf32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.delayed_scale C3
train.graph @g(%h: tensor<4xf32>, %s: tensor<f32>, %a: tensor<f32>) {
  // expected-error@+1 {{margin must be from -64 to 64, got 65}}
  %n:2 = train.delayed_scale %h, %s, %a {largest = 448.0 : f64, margin = 65 : i64} : tensor<4xf32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.quantize_blocks C1
train.graph @g(%x: tensor<4x64xf64>) {
  // expected-error@+1 {{works with f32, f16 and bf16, got 'f64'}}
  %q, %b = train.quantize_blocks %x : tensor<4x64xf64> -> tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU>
  train.return
}

// -----

// train.quantize_blocks C2
train.graph @g(%x: tensor<2x4x64xf32>) {
  // expected-error@+1 {{needs scales whose last one or two sizes divide those of [2, 4, 64], the others being equal, got [1, 4, 2]}}
  %q, %b = train.quantize_blocks %x : tensor<2x4x64xf32> -> tensor<2x4x64xf8E4M3FN>, tensor<1x4x2xf8E8M0FNU>
  train.return
}

// -----

// train.quantize_blocks C3
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+1 {{needs elements of f8E4M3FN, f8E5M2 or f4E2M1FN, got 'i8'}}
  %q, %b = train.quantize_blocks %x : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x2xf8E8M0FNU>
  train.return
}

// -----

// train.quantize_blocks C4
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+1 {{needs a scale of the whole tensor beside scales of f8E4M3FN, and none beside f8E8M0FNU; the scales are 'f8E4M3FN'}}
  %q, %b = train.quantize_blocks %x : tensor<4x64xf32> -> tensor<4x64xf4E2M1FN>, tensor<4x4xf8E4M3FN>
  train.return
}

// -----

// train.quantize_blocks C5
train.graph @g(%x: tensor<4x64xf32>, %k: tensor<4xi64>) {
  // expected-error@+1 {{key must be}}
  %q, %b = train.quantize_blocks %x random %k : tensor<4xi64>, {samples = 4 : i64, site = 1 : i64} : tensor<4x64xf32> -> tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU>
  train.return
}

// -----

// train.quantize_blocks C6
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+1 {{has blocks of 3 elements of 4 bits, which do not end at a byte}}
  %q, %b = train.quantize_blocks %x : tensor<4x6xf32> -> tensor<4x6xf4E2M1FN>, tensor<4x2xf8E8M0FNU>
  train.return
}

// -----

// train.dequantize_blocks C1
train.graph @g(%q: tensor<4x64xf8E4M3FN>, %b: tensor<4x2xf8E8M0FNU>) {
  // expected-error@+1 {{changes the shape: [4, 32] and [4, 64]}}
  %y = train.dequantize_blocks %q, %b : tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU> -> tensor<4x32xf32>
  train.return
}

// -----

// train.dequantize_blocks C2
train.graph @g(%q: tensor<4x64xf8E4M3FN>, %b: tensor<4x5xf8E8M0FNU>) {
  // expected-error@+1 {{needs scales whose last one or two sizes divide those of [4, 64], the others being equal, got [4, 5]}}
  %y = train.dequantize_blocks %q, %b : tensor<4x64xf8E4M3FN>, tensor<4x5xf8E8M0FNU> -> tensor<4x64xf32>
  train.return
}

// -----

// train.dequantize_blocks C3
train.graph @g(%q: tensor<4x64xbf16>, %b: tensor<4x2xf8E8M0FNU>) {
  // expected-error@+1 {{needs elements of f8E4M3FN, f8E5M2 or f4E2M1FN, got 'bf16'}}
  %y = train.dequantize_blocks %q, %b : tensor<4x64xbf16>, tensor<4x2xf8E8M0FNU> -> tensor<4x64xf32>
  train.return
}

// -----

// train.dequantize_blocks C4
train.graph @g(%q: tensor<4x64xf8E4M3FN>, %b: tensor<4x2xf32>) {
  // expected-error@+1 {{needs scales of f8E8M0FNU or f8E4M3FN, got 'f32'}}
  %y = train.dequantize_blocks %q, %b : tensor<4x64xf8E4M3FN>, tensor<4x2xf32> -> tensor<4x64xf32>
  train.return
}

// -----

// train.dequantize_blocks C5
train.graph @g(%q: tensor<4x3xf4E2M1FN>, %b: tensor<4x3xf8E8M0FNU>) {
  // expected-error@+1 {{q has rows of 3 elements of 4 bits, an odd number, which do not end at a byte}}
  %y = train.dequantize_blocks %q, %b : tensor<4x3xf4E2M1FN>, tensor<4x3xf8E8M0FNU> -> tensor<4x3xf32>
  train.return
}
