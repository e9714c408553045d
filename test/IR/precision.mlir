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
