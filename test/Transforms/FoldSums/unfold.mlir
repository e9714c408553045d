// RUN: train-opt --train-fold-sums --split-input-file %s | FileCheck %s
// RUN: train-compile %S/Inputs/residual-into.mlir --dry-run

// Somebody else reads the accumulator, it is a parameter, an input, or a view: a sum of its own.
// CHECK-LABEL: train.step @read_later
// CHECK: %[[T:.*]] = train.tanh
// CHECK: %[[P:.*]] = train.matmul %{{.*}}, %{{.*}} : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
// CHECK: train.add %[[P]], %[[T]]
train.step @read_later(%x: tensor<3x4xf32>, %v: tensor<4x3xf32>, %s: tensor<3x3xf32>) -> (y: tensor<3x3xf32>, t: tensor<3x3xf32>) {
  %t = train.tanh %s : tensor<3x3xf32>
  %y = train.matmul %x, %v into %t : tensor<3x3xf32>, : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  train.return %y, %t : tensor<3x3xf32>, tensor<3x3xf32>
}

// -----

train.param @w : tensor<3x3xf32> init(#train.zeros)
// CHECK-LABEL: train.eval @not_ours_to_overwrite
// CHECK-NOT: into
// CHECK: train.return
train.eval @not_ours_to_overwrite(%x: tensor<3x4xf32> batch(0), %v: tensor<4x3xf32>, %s: tensor<3x3xf32>, %r: tensor<9xf32>)
    -> (loss: tensor<f32>, a: tensor<3x3xf32>, b: tensor<3x3xf32>, c: tensor<3x3xf32>) {
  %w = train.read @w : tensor<3x3xf32>
  %a = train.matmul %x, %v into %w : tensor<3x3xf32>, : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %b = train.matmul %x, %v into %s : tensor<3x3xf32>, : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %u = train.reshape %r to [3, 3] : tensor<9xf32> -> tensor<3x3xf32>
  %c = train.matmul %x, %v into %u : tensor<3x3xf32>, : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %loss = train.reduce_mean %c over [0, 1] : tensor<3x3xf32> -> tensor<f32>
  train.return %loss, %a, %b, %c : tensor<f32>, tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>
}

// -----

// A wide accumulator of narrow products stays wide.
// CHECK-LABEL: train.step @wide
// CHECK: %[[X:.*]] = train.cast %{{.*}} : tensor<3x4xbf16> -> tensor<3x4xf32>
// CHECK: %[[V:.*]] = train.cast %{{.*}} : tensor<4x3xbf16> -> tensor<4x3xf32>
// CHECK: %[[P:.*]] = train.matmul %[[X]], %[[V]] : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
// CHECK: train.add %[[P]], %{{.*}} : tensor<3x3xf32>, tensor<3x3xf32>
train.step @wide(%x: tensor<3x4xbf16>, %v: tensor<4x3xbf16>, %s: tensor<3x3xf32>) -> (y: tensor<3x3xf32>) {
  %y = train.matmul %x, %v into %s : tensor<3x3xf32>, : tensor<3x4xbf16>, tensor<4x3xbf16> -> tensor<3x3xf32>
  train.return %y : tensor<3x3xf32>
}

// -----

// A fresh value that nobody else reads is overwritten, as the user wished.
// CHECK-LABEL: train.step @free
// CHECK: train.matmul %{{.*}}, %{{.*}} into
train.step @free(%x: tensor<3x4xf32>, %v: tensor<4x3xf32>, %s: tensor<3x3xf32>) -> (y: tensor<3x3xf32>) {
  %t = train.tanh %s : tensor<3x3xf32>
  %y = train.matmul %x, %v into %t : tensor<3x3xf32>, : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  train.return %y : tensor<3x3xf32>
}
