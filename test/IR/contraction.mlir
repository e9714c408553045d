// Round trip of every op of the Contraction family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @matmul(
train.graph @matmul(%x: tensor<4x64x32xf32>, %w: tensor<32x128xf32>, %dy: tensor<4x64x128xf32>, %dw: tensor<4x32x128xf32>) {
  // CHECK: = train.matmul %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64x32xf32>, tensor<32x128xf32> -> tensor<4x64x128xf32>
  %y = train.matmul %x, %w : tensor<4x64x32xf32>, tensor<32x128xf32> -> tensor<4x64x128xf32>
  // CHECK: = train.matmul %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} into %{{[a-z0-9_]+}} : tensor<4x32x128xf32>, {transpose_lhs} : tensor<4x64x32xf32>, tensor<4x64x128xf32> -> tensor<4x32x128xf32>
  %g = train.matmul %x, %dy into %dw : tensor<4x32x128xf32>, {transpose_lhs} : tensor<4x64x32xf32>, tensor<4x64x128xf32> -> tensor<4x32x128xf32>
  train.return
}

// CHECK-LABEL: train.graph @conv2d(
train.graph @conv2d(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // CHECK: = train.conv2d %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  %y = train.conv2d %x, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// CHECK-LABEL: train.graph @conv2d_transpose(
train.graph @conv2d_transpose(%dy: tensor<2x8x5x5xf32>, %k: tensor<8x3x3x3xf32>) {
  // CHECK: = train.conv2d_transpose %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 9, 9>, strides = array<i64: 2, 2>} : tensor<2x8x5x5xf32>, tensor<8x3x3x3xf32> -> tensor<2x6x9x9xf32>
  %dx = train.conv2d_transpose %dy, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 9, 9>, strides = array<i64: 2, 2>} : tensor<2x8x5x5xf32>, tensor<8x3x3x3xf32> -> tensor<2x6x9x9xf32>
  train.return
}

// CHECK-LABEL: train.graph @conv2d_filter_grad(
train.graph @conv2d_filter_grad(%x: tensor<2x6x9x9xf32>, %dy: tensor<2x8x5x5xf32>, %dk: tensor<8x3x3x3xf32>) {
  // CHECK: = train.conv2d_filter_grad %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} into %{{[a-z0-9_]+}} : tensor<8x3x3x3xf32>, {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 3, 3>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<2x8x5x5xf32> -> tensor<8x3x3x3xf32>
  %g = train.conv2d_filter_grad %x, %dy into %dk : tensor<8x3x3x3xf32>, {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 3, 3>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<2x8x5x5xf32> -> tensor<8x3x3x3xf32>
  train.return
}

// CHECK-LABEL: train.graph @attention(
train.graph @attention(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x32xf32>, %v: tensor<2x16x4x32xf32>) {
  // CHECK: = train.attention %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {causal, scale = 1.250000e-01 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  %out, %lse = train.attention %q, %k, %v {causal, scale = 1.250000e-01 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// CHECK-LABEL: train.graph @attention_backward(
train.graph @attention_backward(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x32xf32>, %v: tensor<2x16x4x32xf32>, %out: tensor<2x16x8x32xf32>, %lse: tensor<2x8x16xf32>, %dout: tensor<2x16x8x32xf32>) {
  // CHECK: = train.attention_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {scale = 1.250000e-01 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32>, tensor<2x8x16xf32> -> tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32>
  %dq, %dk, %dv = train.attention_backward %q, %k, %v, %out, %lse, %dout {scale = 1.250000e-01 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32>, tensor<2x8x16xf32> -> tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32>
  train.return
}

// CHECK-LABEL: train.graph @matmul_wide(
train.graph @matmul_wide(%x: tensor<4x8xbf16>, %w: tensor<8x2xbf16>) {
  // CHECK: = train.matmul %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {result_type = f32} : tensor<4x8xbf16>, tensor<8x2xbf16> -> tensor<4x2xf32>
  %y = train.matmul %x, %w {result_type = f32} : tensor<4x8xbf16>, tensor<8x2xbf16> -> tensor<4x2xf32>
  train.return
}
