// Each class of op gets the operands that it asks for; results follow.
// RUN: train-opt --train-autocast --split-input-file %s | FileCheck %s
// RUN: train-opt --train-autocast --train-autocast --split-input-file %s | FileCheck %s
// RUN: train-opt --train-autocast=type=f16 --split-input-file %s | sed 's/xf16>/xbf16>/g' | FileCheck %s

train.param @w : tensor<8x6xf32> init(#train.normal<0.0, 0.1>)
train.param @b : tensor<6xf32> init(#train.normal<0.0, 0.1>)

// A bias and a factor widen nothing, and are not rounded; a sum over classes is full; outputs keep their types.
// CHECK-LABEL: train.graph @mlp
// CHECK-SAME: -> (loss: tensor<f32>, y: tensor<4x6xf32>)
// CHECK: %[[W:.*]] = train.read @w : tensor<8x6xf32>
// CHECK-NEXT: %[[WL:.*]] = train.cast %[[W]] : tensor<8x6xf32> -> tensor<8x6xbf16>
// CHECK-NEXT: %[[B:.*]] = train.read @b
// CHECK-NEXT: %[[XL:.*]] = train.cast %x : tensor<4x8xf32> -> tensor<4x8xbf16>
// CHECK-NEXT: %[[Y:.*]] = train.matmul %[[XL]], %[[WL]] : {{.*}} -> tensor<4x6xbf16>
// CHECK-NEXT: %[[YF:.*]] = train.cast %[[Y]] : tensor<4x6xbf16> -> tensor<4x6xf32>
// CHECK-NEXT: %[[S:.*]] = train.add %[[YF]], %[[B]] : tensor<4x6xf32>, tensor<6xf32> -> tensor<4x6xf32>
// CHECK-NEXT: %[[SL:.*]] = train.cast %[[S]] : tensor<4x6xf32> -> tensor<4x6xbf16>
// CHECK-NEXT: %[[R:.*]] = train.relu %[[SL]] : tensor<4x6xbf16>
// CHECK-NEXT: %[[HALF:.*]] = train.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT: %[[RF:.*]] = train.cast %[[R]] : tensor<4x6xbf16> -> tensor<4x6xf32>
// CHECK-NEXT: %[[H:.*]] = train.mul %[[RF]], %[[HALF]]
// CHECK-NEXT: %[[HL:.*]] = train.cast %[[H]] : tensor<4x6xf32> -> tensor<4x6xbf16>
// CHECK-NEXT: %[[HF:.*]] = train.cast %[[HL]] : tensor<4x6xbf16> -> tensor<4x6xf32>
// CHECK-NEXT: %[[P:.*]] = train.softmax %[[HF]] : tensor<4x6xf32>
// CHECK-NEXT: train.mse %[[P]], %t : tensor<4x6xf32>, tensor<4x6xf32>
// CHECK-NEXT: train.return %{{.*}}, %[[RF]] : tensor<f32>, tensor<4x6xf32>
train.graph @mlp(%x: tensor<4x8xf32> batch(0), %t: tensor<4x6xf32> batch(0)) -> (loss: tensor<f32>, y: tensor<4x6xf32>) {
  %w = train.read @w : tensor<8x6xf32>
  %b = train.read @b : tensor<6xf32>
  %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x6xf32> -> tensor<4x6xf32>
  %s = train.add %y, %b : tensor<4x6xf32>, tensor<6xf32> -> tensor<4x6xf32>
  %r = train.relu %s : tensor<4x6xf32>
  %half = train.constant dense<0.5> : tensor<f32>
  %h = train.mul %r, %half : tensor<4x6xf32>, tensor<f32> -> tensor<4x6xf32>
  %p = train.softmax %h : tensor<4x6xf32>
  %loss = train.mse %p, %t : tensor<4x6xf32>, tensor<4x6xf32> -> tensor<f32>
  train.return %loss, %r : tensor<f32>, tensor<4x6xf32>
}

// -----

train.param @w : tensor<8x8xf32> init(#train.normal<0.0, 0.1>)
train.param @cls : tensor<1x8xf32> init(#train.zeros)

// The widest activation wins a sum, data movement takes the type of the activation, and a loss that is f32 anyway reads narrow logits.
// CHECK-LABEL: train.graph @widest
// CHECK: %[[WL:.*]] = train.cast %{{.*}} : tensor<8x8xf32> -> tensor<8x8xbf16>
// CHECK: %[[Y:.*]] = train.matmul
// CHECK-NEXT: %[[YF:.*]] = train.cast %[[Y]] : tensor<4x8xbf16> -> tensor<4x8xf32>
// CHECK-NEXT: train.add %{{.*}}, %[[YF]] : tensor<4x8xf32>, tensor<4x8xf32>
// CHECK: %[[CLS:.*]] = train.cast %{{.*}} : tensor<1x8xf32> -> tensor<1x8xbf16>
// CHECK: %[[C:.*]] = train.concat %[[CLS]], %{{.*}} -> tensor<5x8xbf16>
// CHECK: %[[L:.*]] = train.matmul %[[C]], %[[WL]] : {{.*}} -> tensor<5x8xbf16>
// CHECK-NEXT: train.cross_entropy %[[L]], %labels : tensor<5x8xbf16>, tensor<5xi32> -> tensor<f32>, tensor<5xf32>, tensor<f32>
train.graph @widest(%x: tensor<4x8xf32>, %labels: tensor<5xi32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<8x8xf32>
  %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %sum = train.add %x, %y : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  %z = train.matmul %sum, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %cls = train.read @cls : tensor<1x8xf32>
  %c = train.concat %cls, %z along 0 : tensor<1x8xf32>, tensor<4x8xf32> -> tensor<5x8xf32>
  %l = train.matmul %c, %w : tensor<5x8xf32>, tensor<8x8xf32> -> tensor<5x8xf32>
  %loss, %lse, %n = train.cross_entropy %l, %labels : tensor<5x8xf32>, tensor<5xi32> -> tensor<f32>, tensor<5xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

train.param @w : tensor<8x8xf32> init(#train.normal<0.0, 0.1>)

// Inside of layers and checkpoints; what enters a layer is cast there, what is cast at its border goes on narrow.
// CHECK-LABEL: train.graph @scopes
// CHECK-NOT: train.cast %x
// CHECK: %[[A:.*]] = train.layer "a" -> tensor<4x8xbf16>
// CHECK: train.cast %x : tensor<4x8xf32> -> tensor<4x8xbf16>
// CHECK: train.yield %{{.*}} : tensor<4x8xbf16>
// CHECK: train.checkpoint -> tensor<4x8xbf16>
// CHECK: train.matmul %[[A]], %
// CHECK: %[[F:.*]] = train.cast %{{.*}} : tensor<4x8xbf16> -> tensor<4x8xf32>
// CHECK-NEXT: train.mse %[[F]], %x
train.graph @scopes(%x: tensor<4x8xf32>) -> (loss: tensor<f32>) {
  %a = train.layer "a" -> tensor<4x8xf32> {
    %w = train.read @w : tensor<8x8xf32>
    %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
    train.yield %y : tensor<4x8xf32>
  }
  %b = train.checkpoint -> tensor<4x8xf32> {
    %w = train.read @w : tensor<8x8xf32>
    %y = train.matmul %a, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
    %z = train.relu %y : tensor<4x8xf32>
    train.yield %z : tensor<4x8xf32>
  }
  %loss = train.mse %b, %x : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// Nobody asked for f64 or an accumulator to be narrowed.
// CHECK-LABEL: train.graph @others
// CHECK-NOT: train.cast %d
// CHECK: train.matmul %d, %d : tensor<4x4xf64>
// CHECK: train.matmul %{{.*}}, %{{.*}} into %x : tensor<4x4xf32>, : tensor<4x4xbf16>, tensor<4x4xbf16> -> tensor<4x4xf32>
train.graph @others(%d: tensor<4x4xf64>, %x: tensor<4x4xf32>) -> (y: tensor<4x4xf64>, z: tensor<4x4xf32>) {
  %y = train.matmul %d, %d : tensor<4x4xf64>, tensor<4x4xf64> -> tensor<4x4xf64>
  %z = train.matmul %x, %x into %x : tensor<4x4xf32>, : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  train.return %y, %z : tensor<4x4xf64>, tensor<4x4xf32>
}
