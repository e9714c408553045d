// The batch goes through layers, attributes and casts; parameters and inputs without a batch dimension stay.
// RUN: train-opt --train-set-batch=batch=8 %s | FileCheck %s
// RUN: train-opt --train-set-batch=batch=8 %s | train-opt --train-set-batch=batch=4 | FileCheck %s --check-prefix=BACK
// RUN: train-opt --train-set-batch=batch=0 %s | FileCheck %s --check-prefix=BACK

train.param @w : tensor<6x6xf32> init(#train.zeros)

// CHECK-LABEL: train.graph @g
// CHECK-SAME: (%x: tensor<8x2x3xf32> batch(0), %mask: tensor<6xf32>) -> (loss: tensor<f32>, y: tensor<8x6xbf16>)
// BACK-LABEL: train.graph @g
// BACK-SAME: (%x: tensor<4x2x3xf32> batch(0), %mask: tensor<6xf32>) -> (loss: tensor<f32>, y: tensor<4x6xbf16>)
train.graph @g(%x: tensor<4x2x3xf32> batch(0), %mask: tensor<6xf32>) -> (loss: tensor<f32>, y: tensor<4x6xbf16>) {
  %w = train.read @w : tensor<6x6xf32>
  // CHECK: train.layer "block" -> tensor<8x6xf32>
  %h = train.layer "block" -> tensor<4x6xf32> {
    // CHECK: train.reshape %x to [8, 6] : tensor<8x2x3xf32> -> tensor<8x6xf32>
    // BACK: train.reshape %x to [4, 6] : tensor<4x2x3xf32> -> tensor<4x6xf32>
    %r = train.reshape %x to [4, 6] : tensor<4x2x3xf32> -> tensor<4x6xf32>
    // CHECK: train.matmul {{.*}} : tensor<8x6xf32>, tensor<6x6xf32> -> tensor<8x6xf32>
    %m = train.matmul %r, %w : tensor<4x6xf32>, tensor<6x6xf32> -> tensor<4x6xf32>
    %b = train.add %m, %mask : tensor<4x6xf32>, tensor<6xf32> -> tensor<4x6xf32>
    %key = train.random_key : tensor<3xi64>
    // CHECK: train.dropout {{.*}} samples = 8 : i64
    // BACK: train.dropout {{.*}} samples = 4 : i64
    %d = train.dropout %b, %key {rate = 0.1 : f64, site = 0 : i64, samples = 4 : i64} : tensor<4x6xf32>, tensor<3xi64>
    train.yield %d : tensor<4x6xf32>
  }
  // CHECK: train.cast {{.*}} : tensor<8x6xf32> -> tensor<8x6xbf16>
  %c = train.cast %h : tensor<4x6xf32> -> tensor<4x6xbf16>
  // CHECK: train.reduce_mean {{.*}} : tensor<8x6xf32> -> tensor<f32>
  %loss = train.reduce_mean %h over [0, 1] : tensor<4x6xf32> -> tensor<f32>
  train.return %loss, %c : tensor<f32>, tensor<4x6xbf16>
}
