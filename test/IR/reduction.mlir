// Round trip of every op of the Reduction family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @reduce_sum(
train.graph @reduce_sum(%x: tensor<4x64xf32>) {
  // CHECK: = train.reduce_sum %{{[a-z0-9_]+}} over [1] : tensor<4x64xf32> -> tensor<4xf32>
  %s = train.reduce_sum %x over [1] : tensor<4x64xf32> -> tensor<4xf32>
  // CHECK: = train.reduce_sum %{{[a-z0-9_]+}} over [0, 1] {keep_dims} : tensor<4x64xf32> -> tensor<1x1xf32>
  %t = train.reduce_sum %x over [0, 1] {keep_dims} : tensor<4x64xf32> -> tensor<1x1xf32>
  train.return
}

// CHECK-LABEL: train.graph @reduce_mean(
train.graph @reduce_mean(%x: tensor<4x64xf32>) {
  // CHECK: = train.reduce_mean %{{[a-z0-9_]+}} over [1] : tensor<4x64xf32> -> tensor<4xf32>
  %s = train.reduce_mean %x over [1] : tensor<4x64xf32> -> tensor<4xf32>
  // CHECK: = train.reduce_mean %{{[a-z0-9_]+}} over [0, 1] {keep_dims} : tensor<4x64xf32> -> tensor<1x1xf32>
  %t = train.reduce_mean %x over [0, 1] {keep_dims} : tensor<4x64xf32> -> tensor<1x1xf32>
  train.return
}

// CHECK-LABEL: train.graph @reduce_max(
train.graph @reduce_max(%x: tensor<4x64xf32>) {
  // CHECK: = train.reduce_max %{{[a-z0-9_]+}} over [1] : tensor<4x64xf32> -> tensor<4xf32>
  %s = train.reduce_max %x over [1] : tensor<4x64xf32> -> tensor<4xf32>
  // CHECK: = train.reduce_max %{{[a-z0-9_]+}} over [0, 1] {keep_dims} : tensor<4x64xf32> -> tensor<1x1xf32>
  %t = train.reduce_max %x over [0, 1] {keep_dims} : tensor<4x64xf32> -> tensor<1x1xf32>
  train.return
}

// CHECK-LABEL: train.graph @softmax(
train.graph @softmax(%x: tensor<4x64xf32>) {
  // CHECK: = train.softmax %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.softmax %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @log_softmax(
train.graph @log_softmax(%x: tensor<4x64xf32>) {
  // CHECK: = train.log_softmax %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.log_softmax %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @layer_norm(
train.graph @layer_norm(%x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>, %beta: tensor<64xf32>) {
  // CHECK: = train.layer_norm %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {eps = 1.000000e-05 : f64} : tensor<4x16x64xf32>, tensor<64xf32>, tensor<64xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32>
  %y, %mean, %rstd = train.layer_norm %x, %gamma, %beta {eps = 1.000000e-05 : f64} : tensor<4x16x64xf32>, tensor<64xf32>, tensor<64xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32>
  train.return
}

// CHECK-LABEL: train.graph @layer_norm_backward(
train.graph @layer_norm_backward(%dy: tensor<4x16x64xf32>, %x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>, %mean: tensor<4x16xf32>, %rstd: tensor<4x16xf32>) {
  // CHECK: = train.layer_norm_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<64xf32>, tensor<4x16xf32>, tensor<4x16xf32> -> tensor<4x16x64xf32>
  %dx = train.layer_norm_backward %dy, %x, %gamma, %mean, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<64xf32>, tensor<4x16xf32>, tensor<4x16xf32> -> tensor<4x16x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @layer_norm_param_grad(
train.graph @layer_norm_param_grad(%dy: tensor<4x16x64xf32>, %x: tensor<4x16x64xf32>, %mean: tensor<4x16xf32>, %rstd: tensor<4x16xf32>) {
  // CHECK: = train.layer_norm_param_grad %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32> -> tensor<64xf32>, tensor<64xf32>
  %dgamma, %dbeta = train.layer_norm_param_grad %dy, %x, %mean, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32> -> tensor<64xf32>, tensor<64xf32>
  train.return
}

// CHECK-LABEL: train.graph @rms_norm(
train.graph @rms_norm(%x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>) {
  // CHECK: = train.rms_norm %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {eps = {{[-+.0-9Ee]+}} : f64} : tensor<4x16x64xf32>, tensor<64xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>
  %y, %rstd = train.rms_norm %x, %gamma {eps = 1.000000e-06 : f64} : tensor<4x16x64xf32>, tensor<64xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>
  train.return
}

// CHECK-LABEL: train.graph @rms_norm_backward(
train.graph @rms_norm_backward(%dy: tensor<4x16x64xf32>, %x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>, %rstd: tensor<4x16xf32>) {
  // CHECK: = train.rms_norm_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<64xf32>, tensor<4x16xf32> -> tensor<4x16x64xf32>
  %dx = train.rms_norm_backward %dy, %x, %gamma, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<64xf32>, tensor<4x16xf32> -> tensor<4x16x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @rms_norm_param_grad(
train.graph @rms_norm_param_grad(%dy: tensor<4x16x64xf32>, %x: tensor<4x16x64xf32>, %rstd: tensor<4x16xf32>) {
  // CHECK: = train.rms_norm_param_grad %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<4x16xf32> -> tensor<64xf32>
  %dgamma = train.rms_norm_param_grad %dy, %x, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<4x16xf32> -> tensor<64xf32>
  train.return
}

train.state statistic @mean : tensor<3xf32> init(#train.zeros)
train.state statistic @var : tensor<3xf32> init(#train.constant<1.000000e+00 : f64>)
// CHECK-LABEL: train.graph @batch_norm(
train.graph @batch_norm(%x: tensor<8x3x5x5xf32>, %gamma: tensor<3xf32>, %beta: tensor<3xf32>) {
  // CHECK: = train.batch_norm %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} running(@mean, @var) {eps = 1.000000e-05 : f64, momentum = 1.000000e-01 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>
  %y, %mean, %var = train.batch_norm %x, %gamma, %beta running(@mean, @var) {eps = 1.000000e-05 : f64, momentum = 1.000000e-01 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>
  train.return
}

// CHECK-LABEL: train.graph @batch_norm_inference(
train.graph @batch_norm_inference(%x: tensor<8x3x5x5xf32>, %gamma: tensor<3xf32>, %beta: tensor<3xf32>, %mean: tensor<3xf32>, %var: tensor<3xf32>) {
  // CHECK: = train.batch_norm_inference %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {eps = 1.000000e-05 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>
  %y = train.batch_norm_inference %x, %gamma, %beta, %mean, %var {eps = 1.000000e-05 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>
  train.return
}

// CHECK-LABEL: train.graph @batch_norm_param_grad(
train.graph @batch_norm_param_grad(%dy: tensor<8x3x5x5xf32>, %x: tensor<8x3x5x5xf32>, %mean: tensor<3xf32>, %var: tensor<3xf32>) {
  // CHECK: = train.batch_norm_param_grad %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {eps = 1.000000e-05 : f64} : tensor<8x3x5x5xf32>, tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  %dgamma, %dbeta = train.batch_norm_param_grad %dy, %x, %mean, %var {eps = 1.000000e-05 : f64} : tensor<8x3x5x5xf32>, tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  train.return
}

// CHECK-LABEL: train.graph @batch_norm_backward(
train.graph @batch_norm_backward(%dy: tensor<8x3x5x5xf32>, %x: tensor<8x3x5x5xf32>, %gamma: tensor<3xf32>, %mean: tensor<3xf32>, %var: tensor<3xf32>, %dgamma: tensor<3xf32>, %dbeta: tensor<3xf32>) {
  // CHECK: = train.batch_norm_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {eps = 1.000000e-05 : f64} : tensor<8x3x5x5xf32>, tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>
  %dx = train.batch_norm_backward %dy, %x, %gamma, %mean, %var, %dgamma, %dbeta {eps = 1.000000e-05 : f64} : tensor<8x3x5x5xf32>, tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>
  train.return
}

// CHECK-LABEL: train.graph @running_average(
train.graph @running_average(%old: tensor<3xf32>, %value: tensor<3xf32>) {
  // CHECK: = train.running_average %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {momentum = 1.000000e-01 : f64} : tensor<3xf32>
  %new = train.running_average %old, %value {momentum = 1.000000e-01 : f64} : tensor<3xf32>
  train.return
}

// CHECK-LABEL: train.graph @max_pool2d(
train.graph @max_pool2d(%x: tensor<2x3x8x8xf32>) {
  // CHECK: = train.max_pool2d %{{[a-z0-9_]+}} {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>
  %y, %indices = train.max_pool2d %x {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>
  train.return
}

// CHECK-LABEL: train.graph @max_pool2d_backward(
train.graph @max_pool2d_backward(%dy: tensor<2x3x4x4xf32>, %indices: tensor<2x3x4x4xi32>) {
  // CHECK: = train.max_pool2d_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 8, 8>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32> -> tensor<2x3x8x8xf32>
  %dx = train.max_pool2d_backward %dy, %indices {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 8, 8>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32> -> tensor<2x3x8x8xf32>
  train.return
}

// CHECK-LABEL: train.graph @avg_pool2d(
train.graph @avg_pool2d(%x: tensor<2x3x8x8xf32>) {
  // CHECK: = train.avg_pool2d %{{[a-z0-9_]+}} {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>
  %y = train.avg_pool2d %x {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>
  train.return
}

// CHECK-LABEL: train.graph @avg_pool2d_backward(
train.graph @avg_pool2d_backward(%dy: tensor<2x3x4x4xf32>) {
  // CHECK: = train.avg_pool2d_backward %{{[a-z0-9_]+}} {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 8, 8>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32> -> tensor<2x3x8x8xf32>
  %dx = train.avg_pool2d_backward %dy {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 8, 8>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32> -> tensor<2x3x8x8xf32>
  train.return
}

// CHECK-LABEL: train.graph @reduce_sum_wide(
train.graph @reduce_sum_wide(%x: tensor<4x64xbf16>) {
  // CHECK: = train.reduce_sum %{{[a-z0-9_]+}} over [0] {result_type = f32} : tensor<4x64xbf16> -> tensor<64xf32>
  %s = train.reduce_sum %x over [0] {result_type = f32} : tensor<4x64xbf16> -> tensor<64xf32>
  train.return
}
