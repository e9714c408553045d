// Exceptions by op, layer, parameter and output; the last that fits wins.
// RUN: train-opt --train-autocast="overrides=matmul:f32" %s | FileCheck %s --check-prefix=OP
// RUN: train-opt --train-autocast="overrides=a:f32" %s | FileCheck %s --check-prefix=LAYER
// RUN: train-opt --train-autocast="overrides=v:f32" %s | FileCheck %s --check-prefix=PARAM
// RUN: train-opt --train-autocast="overrides=y:f32" %s | FileCheck %s --check-prefix=OUTPUT
// RUN: train-opt --train-autocast="type=f32 overrides=a/inner:bf16,softmax:f16" %s | FileCheck %s --check-prefix=NARROW
// RUN: train-opt --train-autocast="overrides=a:f32,v:bf16,w:f16" %s | FileCheck %s --check-prefix=LAST

train.param @w : tensor<8x8xf32> init(#train.zeros)
train.param @v : tensor<8x8xf32> init(#train.zeros)

// OP-NOT: train.cast
// LAYER: train.layer "a"
// LAYER: train.matmul {{.*}} -> tensor<4x8xf32>
// LAYER: train.matmul {{.*}} -> tensor<4x8xbf16>
// PARAM: train.matmul {{.*}} -> tensor<4x8xbf16>
// PARAM: train.matmul {{.*}} -> tensor<4x8xf32>
// OUTPUT: train.matmul {{.*}} -> tensor<4x8xbf16>
// OUTPUT: train.matmul {{.*}} -> tensor<4x8xf32>
// NARROW: train.matmul {{.*}} -> tensor<4x8xbf16>
// NARROW: train.softmax %{{.*}} : tensor<4x8xf16>
// NARROW: train.matmul {{.*}} -> tensor<4x8xf32>
// LAST: train.matmul {{.*}} -> tensor<4x8xf16>
// LAST: train.matmul {{.*}} -> tensor<4x8xbf16>
train.graph @g(%x: tensor<4x8xf32>) -> (loss: tensor<f32>, y: tensor<4x8xf32>) {
  %a = train.layer "a" -> tensor<4x8xf32> {
    %inner = train.layer "inner" -> tensor<4x8xf32> {
      %w = train.read @w : tensor<8x8xf32>
      %h = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
      train.yield %h : tensor<4x8xf32>
    }
    %p = train.softmax %inner : tensor<4x8xf32>
    train.yield %p : tensor<4x8xf32>
  }
  %v = train.read @v : tensor<8x8xf32>
  %y = train.matmul %a, %v : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %loss = train.mse %y, %x : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<f32>
  train.return %loss, %y : tensor<f32>, tensor<4x8xf32>
}
