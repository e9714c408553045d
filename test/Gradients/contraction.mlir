// The gradient of a matrix that the batch shares is one product of all rows, not a sum of products; and what
// flows back into a split is one concat, not a sum of padded tensors.
// RUN: train-opt %s --train-differentiate | FileCheck %s

train.param @w : tensor<4x6xf32> init(#train.zeros)
train.param @k : tensor<3x2x3x3xf32> init(#train.zeros)

// CHECK-LABEL: train.step @step
// CHECK-DAG: %[[X:.*]] = train.reshape %x to [6, 4]
// CHECK-DAG: %[[DY:.*]] = train.concat %{{.*}}, %{{.*}}, %{{.*}} along 2 : tensor<2x3x2xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32> -> tensor<2x3x6xf32>
// CHECK-DAG: %[[ROWS:.*]] = train.reshape %[[DY]] to [6, 6]
// CHECK: %[[DW:.*]] = train.matmul %[[X]], %[[ROWS]] {transpose_lhs} : tensor<6x4xf32>, tensor<6x6xf32> -> tensor<4x6xf32>
// CHECK-NOT: train.pad
// CHECK: train.return %{{.*}}, %[[DW]], %{{.*}} : tensor<f32>, tensor<4x6xf32>, tensor<3x2x3x3xf32>
train.graph @g(%x: tensor<2x3x4xf32> batch(0), %image: tensor<2x2x5x5xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x6xf32>
  %y = train.matmul %x, %w : tensor<2x3x4xf32>, tensor<4x6xf32> -> tensor<2x3x6xf32>
  %q = train.slice %y {offsets = array<i64: 0, 0, 0>, sizes = array<i64: 2, 3, 2>, strides = array<i64: 1, 1, 1>} : tensor<2x3x6xf32> -> tensor<2x3x2xf32>
  %r = train.slice %y {offsets = array<i64: 0, 0, 2>, sizes = array<i64: 2, 3, 2>, strides = array<i64: 1, 1, 1>} : tensor<2x3x6xf32> -> tensor<2x3x2xf32>
  %s = train.slice %y {offsets = array<i64: 0, 0, 4>, sizes = array<i64: 2, 3, 2>, strides = array<i64: 1, 1, 1>} : tensor<2x3x6xf32> -> tensor<2x3x2xf32>
  %qr = train.mul %q, %r : tensor<2x3x2xf32>, tensor<2x3x2xf32> -> tensor<2x3x2xf32>
  %loss0 = train.mse %qr, %s : tensor<2x3x2xf32>, tensor<2x3x2xf32> -> tensor<f32>
  // The image is data: no gradient of the convolution's input is built.
  // CHECK-NOT: train.conv2d_transpose
  %k = train.read @k : tensor<3x2x3x3xf32>
  %c = train.conv2d %image, %k {strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : tensor<2x2x5x5xf32>, tensor<3x2x3x3xf32> -> tensor<2x3x3x3xf32>
  %loss1 = train.reduce_mean %c over [0, 1, 2, 3] : tensor<2x3x3x3xf32> -> tensor<f32>
  %loss = train.add %loss0, %loss1 : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
