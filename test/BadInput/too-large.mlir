// Each parameter is as large as one may be; what they need together is no number of bytes.
// RUN: not train-compile %s --dry-run 2>&1 | FileCheck %s --implicit-check-not=error:
// CHECK: error: parameters, states and literals need 2^62 bytes or more

module @large {
  train.param @a : tensor<144115188075855872xf32> init(#train.zeros)
  train.param @b : tensor<144115188075855872xf32> init(#train.zeros)
  train.param @c : tensor<144115188075855872xf32> init(#train.zeros)
  train.graph @g(%x: tensor<4xf32> batch(0)) -> (loss: tensor<f32>) {
    %a = train.read @a : tensor<144115188075855872xf32>
    %b = train.read @b : tensor<144115188075855872xf32>
    %c = train.read @c : tensor<144115188075855872xf32>
    %i = train.reduce_mean %a over [0] : tensor<144115188075855872xf32> -> tensor<f32>
    %j = train.reduce_mean %b over [0] : tensor<144115188075855872xf32> -> tensor<f32>
    %k = train.reduce_mean %c over [0] : tensor<144115188075855872xf32> -> tensor<f32>
    %m = train.add %i, %j : tensor<f32>, tensor<f32> -> tensor<f32>
    %l = train.add %m, %k : tensor<f32>, tensor<f32> -> tensor<f32>
    train.return %l : tensor<f32>
  }
}
