// Round trip of every op of the Precision family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @cast(
train.graph @cast(%x: tensor<4x64xf32>) {
  // CHECK: = train.cast %{{[a-z0-9_]+}} : tensor<4x64xf32> -> tensor<4x64xbf16>
  %y = train.cast %x : tensor<4x64xf32> -> tensor<4x64xbf16>
  train.return
}

// CHECK-LABEL: train.step @scale_loss(
train.step @scale_loss(%loss: tensor<f32>, %scale: tensor<f32>) {
  // CHECK: = train.scale_loss %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<f32>, tensor<f32>
  %s = train.scale_loss %loss, %scale : tensor<f32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @unscale(
train.step @unscale(%g: tensor<4x64xf32>, %scale: tensor<f32>) {
  // CHECK: = train.unscale %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<f32>
  %u = train.unscale %g, %scale : tensor<4x64xf32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @check_finite(
train.step @check_finite(%g: tensor<4x64xf32>, %before: tensor<i1>) {
  // CHECK: = train.check_finite %{{[a-z0-9_]+}} and %{{[a-z0-9_]+}} : tensor<i1>, : tensor<4x64xf32> -> tensor<i1>
  %ok = train.check_finite %g and %before : tensor<i1>, : tensor<4x64xf32> -> tensor<i1>
  train.return
}

// CHECK-LABEL: train.step @check_finite_scaled(
train.step @check_finite_scaled(%g: tensor<4x64xf32>, %before: tensor<i1>, %s: tensor<f32>) {
  // CHECK: = train.check_finite %{{[a-z0-9_]+}} scale %{{[a-z0-9_]+}} : tensor<f32>, and %{{[a-z0-9_]+}} : tensor<i1>, : tensor<4x64xf32> -> tensor<i1>
  %ok = train.check_finite %g scale %s : tensor<f32>, and %before : tensor<i1>, : tensor<4x64xf32> -> tensor<i1>
  train.return
}

// CHECK-LABEL: train.step @update_scale(
train.step @update_scale(%scale: tensor<f32>, %good: tensor<i64>, %bad: tensor<i64>, %finite: tensor<i1>) {
  // CHECK: = train.update_scale %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  %new:3 = train.update_scale %scale, %good, %bad, %finite {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>
  train.return
}

// CHECK-LABEL: train.graph @quantize(
train.graph @quantize(%x: tensor<4x64xf32>, %scale: tensor<f32>) {
  // CHECK: = train.quantize %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf8E4M3FN>
  %q = train.quantize %x, %scale : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf8E4M3FN>
  train.return
}

// CHECK-LABEL: train.graph @dequantize(
train.graph @dequantize(%x: tensor<4x64xf8E4M3FN>, %scale: tensor<f32>) {
  // CHECK: = train.dequantize %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf8E4M3FN>, tensor<f32> -> tensor<4x64xf32>
  %y = train.dequantize %x, %scale : tensor<4x64xf8E4M3FN>, tensor<f32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @quantize_randomly(
train.graph @quantize_randomly(%x: tensor<4x64xf32>, %scale: tensor<f32>) {
  %key = train.random_key : tensor<3xi64>
  // CHECK: = train.quantize %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} random %{{[a-z0-9_]+}} : tensor<3xi64>, {samples = 4 : i64, site = 3 : i64} : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf8E5M2>
  %q = train.quantize %x, %scale random %key : tensor<3xi64>, {samples = 4 : i64, site = 3 : i64} : tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf8E5M2>
  train.return
}

// CHECK-LABEL: train.step @amax(
train.step @amax(%x: tensor<4x64xbf16>, %before: tensor<f32>) {
  // CHECK: = train.amax %{{[a-z0-9_]+}} and %{{[a-z0-9_]+}} : tensor<f32>, : tensor<4x64xbf16> -> tensor<f32>
  %m = train.amax %x and %before : tensor<f32>, : tensor<4x64xbf16> -> tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @delayed_scale(
train.step @delayed_scale(%history: tensor<16xf32>, %scale: tensor<f32>, %amax: tensor<f32>) {
  // CHECK: = train.delayed_scale %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {largest = 4.480000e+02 : f64, margin = 0 : i64} : tensor<16xf32>, tensor<f32>, tensor<f32>
  %new:2 = train.delayed_scale %history, %scale, %amax {largest = 4.480000e+02 : f64, margin = 0 : i64} : tensor<16xf32>, tensor<f32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.graph @quantize_blocks(
train.graph @quantize_blocks(%x: tensor<4x64xbf16>) {
  // CHECK: = train.quantize_blocks %{{[a-z0-9_]+}} : tensor<4x64xbf16> -> tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU>
  %q, %b = train.quantize_blocks %x : tensor<4x64xbf16> -> tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU>
  train.return
}

// CHECK-LABEL: train.graph @quantize_blocks_with_a_scale(
train.graph @quantize_blocks_with_a_scale(%x: tensor<32x64xf32>, %s: tensor<f32>) {
  %key = train.random_key : tensor<3xi64>
  // CHECK: = train.quantize_blocks %{{[a-z0-9_]+}} scale %{{[a-z0-9_]+}} : tensor<f32>, random %{{[a-z0-9_]+}} : tensor<3xi64>, {samples = 1 : i64, site = 2 : i64} : tensor<32x64xf32> -> tensor<32x64xf4E2M1FN>, tensor<2x4xf8E4M3FN>
  %q, %b = train.quantize_blocks %x scale %s : tensor<f32>, random %key : tensor<3xi64>, {samples = 1 : i64, site = 2 : i64} : tensor<32x64xf32> -> tensor<32x64xf4E2M1FN>, tensor<2x4xf8E4M3FN>
  train.return
}

// CHECK-LABEL: train.graph @dequantize_blocks(
train.graph @dequantize_blocks(%q: tensor<4x64xf8E4M3FN>, %b: tensor<4x2xf8E8M0FNU>) {
  // CHECK: = train.dequantize_blocks %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU> -> tensor<4x64xbf16>
  %y = train.dequantize_blocks %q, %b : tensor<4x64xf8E4M3FN>, tensor<4x2xf8E8M0FNU> -> tensor<4x64xbf16>
  train.return
}

// CHECK-LABEL: train.graph @dequantize_blocks_with_a_scale(
train.graph @dequantize_blocks_with_a_scale(%q: tensor<4x64xf4E2M1FN>, %b: tensor<4x4xf8E4M3FN>, %s: tensor<f32>) {
  // CHECK: = train.dequantize_blocks %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} scale %{{[a-z0-9_]+}} : tensor<f32>, : tensor<4x64xf4E2M1FN>, tensor<4x4xf8E4M3FN> -> tensor<4x64xf32>
  %y = train.dequantize_blocks %q, %b scale %s : tensor<f32>, : tensor<4x64xf4E2M1FN>, tensor<4x4xf8E4M3FN> -> tensor<4x64xf32>
  train.return
}
