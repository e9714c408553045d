// What may stand between the matmul and the loss: a bias, a cap, a cast, reshapes, the shift of next-token labels, layers.
// RUN: train-opt --train-check-passes --train-chunk-loss=rows=2 --split-input-file %s | FileCheck %s

train.param @w : tensor<4x6xf32> init(#train.normal<0.0, 1.0>)
train.param @b : tensor<1x1x6xf32> init(#train.normal<0.0, 1.0>)

// A bias with dimensions of size 1 is a vector to a chunk.
// CHECK-LABEL: train.graph @elementwise
// CHECK: %[[B:.*]] = train.read @b
// CHECK: %[[Y:.*]] = train.matmul {{.*}} : tensor<2x4xf32>, tensor<4x6xf32> -> tensor<2x6xf32>
// CHECK: %[[V:.*]] = train.reshape %[[B]] to [6]
// CHECK: %[[Z:.*]] = train.add %[[Y]], %[[V]] {{.*}} : tensor<2x6xf32>, tensor<6xf32> -> tensor<2x6xf32>
// CHECK: %[[C:.*]] = train.clamp %[[Z]] {{.*}} : tensor<2x6xf32>
// CHECK: %[[H:.*]] = train.cast %[[C]] {{.*}} -> tensor<2x6xbf16>
// CHECK: train.cross_entropy %[[H]]
// CHECK-COUNT-2: train.matmul
// CHECK-NOT: train.matmul
train.graph @elementwise(%x: tensor<3x2x4xf32> batch(0), %labels: tensor<3x2xi32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x6xf32>
  %b = train.read @b : tensor<1x1x6xf32>
  %y = train.matmul %x, %w : tensor<3x2x4xf32>, tensor<4x6xf32> -> tensor<3x2x6xf32>
  %z = train.add %y, %b : tensor<3x2x6xf32>, tensor<1x1x6xf32> -> tensor<3x2x6xf32>
  %c = train.clamp %z {low = -2.0 : f64, high = 2.0 : f64} : tensor<3x2x6xf32>
  %h = train.cast %c : tensor<3x2x6xf32> -> tensor<3x2x6xbf16>
  %loss, %lse, %n = train.cross_entropy %h, %labels : tensor<3x2x6xbf16>, tensor<3x2xi32> -> tensor<f32>, tensor<3x2xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

train.param @w : tensor<4x6xf32> init(#train.normal<0.0, 1.0>)

// Logits of positions 0 to 2 predict labels 1 to 3: the rows are cut before the matmul. What else the loss gives stays available.
// CHECK-LABEL: train.graph @shift
// CHECK-NOT: x6xf32> -> tensor<2x4x6xf32>
// CHECK: %[[CUT:.*]] = train.slice %x {offsets = array<i64: 0, 0, 0>, sizes = array<i64: 2, 3, 4>
// CHECK: train.reshape %[[CUT]] to [6, 4]
// CHECK: %[[N:.*]] = train.reduce_sum
// CHECK: train.cross_entropy %{{.*}}, %{{.*}}, %[[N]]
// CHECK: train.cross_entropy %{{.*}}, %{{.*}}, %[[N]]
// CHECK: train.cross_entropy %{{.*}}, %{{.*}}, %[[N]]
// CHECK: %[[ALL:.*]] = train.concat %{{.*}}, %{{.*}}, %{{.*}} along 0 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32> -> tensor<6xf32>
// CHECK: %[[LSE:.*]] = train.reshape %[[ALL]] to [2, 3]
// CHECK: train.return %{{.*}}, %[[LSE]], %[[N]]
train.graph @shift(%x: tensor<2x4x4xf32> batch(0), %labels: tensor<2x4xi32> batch(0)) -> (loss: tensor<f32>, lse: tensor<2x3xf32>, count: tensor<f32>) {
  %w = train.read @w : tensor<4x6xf32>
  %y = train.matmul %x, %w : tensor<2x4x4xf32>, tensor<4x6xf32> -> tensor<2x4x6xf32>
  %rows = train.reshape %y to [2, 4, 6] : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  %z = train.slice %rows {offsets = array<i64: 0, 0, 0>, sizes = array<i64: 2, 3, 6>, strides = array<i64: 1, 1, 1>} : tensor<2x4x6xf32> -> tensor<2x3x6xf32>
  %l = train.slice %labels {offsets = array<i64: 0, 1>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 1>} : tensor<2x4xi32> -> tensor<2x3xi32>
  %loss, %lse, %n = train.cross_entropy %z, %l : tensor<2x3x6xf32>, tensor<2x3xi32> -> tensor<f32>, tensor<2x3xf32>, tensor<f32>
  train.return %loss, %lse, %n : tensor<f32>, tensor<2x3xf32>, tensor<f32>
}

// -----

train.param @w : tensor<4x6xf32> init(#train.normal<0.0, 1.0>)

// A head in layers of its own: what the loss needs moves out and keeps its layer's name.
// CHECK-LABEL: train.graph @layers
// CHECK-NOT: train.layer "
// CHECK: train.tanh %x {train.layer = "head"}
// CHECK: train.slice
// CHECK: train.matmul {{.*}} {train.chunk = 0 : i64, train.layer = "head/lm"}
train.graph @layers(%x: tensor<4x4xf32> batch(0), %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>) {
  %y = train.layer "head" -> tensor<4x6xf32> {
    %h = train.tanh %x : tensor<4x4xf32>
    %inner = train.layer "lm" -> tensor<4x6xf32> {
      %w = train.read @w : tensor<4x6xf32>
      %m = train.matmul %h, %w : tensor<4x4xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
      train.yield %m : tensor<4x6xf32>
    }
    train.yield %inner : tensor<4x6xf32>
  }
  %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

train.param @w : tensor<4x6xf32> init(#train.normal<0.0, 1.0>)
train.param @v : tensor<4x3xf32> init(#train.normal<0.0, 1.0>)

// Two losses, each with its head.
// CHECK-LABEL: train.graph @two
// CHECK-COUNT-2: train.matmul {{.*}} -> tensor<2x6xf32>
// CHECK-COUNT-2: train.matmul {{.*}} -> tensor<2x3xf32>
// CHECK-NOT: train.matmul
train.graph @two(%x: tensor<4x4xf32> batch(0), %labels: tensor<4xi32> batch(0), %others: tensor<4xi32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x6xf32>
  %v = train.read @v : tensor<4x3xf32>
  %y = train.matmul %x, %w : tensor<4x4xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
  %z = train.matmul %x, %v : tensor<4x4xf32>, tensor<4x3xf32> -> tensor<4x3xf32>
  %a, %lse, %n = train.cross_entropy %y, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  %b, %lse2, %n2 = train.cross_entropy %z, %others : tensor<4x3xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  %loss = train.add %a, %b : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
