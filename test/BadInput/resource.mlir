// Elements in a resource cannot be asked for one by one.
// RUN: %exits 1 train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// RUN: %exits 1 train-interp %s 2>&1 | FileCheck %s --implicit-check-not=error:
// CHECK: error: 'train.param' op needs its elements as dense<...>, got dense_resource<abc> : tensor<4xf32>

train.param @w : tensor<4xf32> init(dense_resource<abc> : tensor<4xf32>)
train.graph @a(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.mul %x, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %loss = train.reduce_sum %y over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
{-#
  dialect_resources: { builtin: { abc: "0x040000000000803F000000400000404000008040" } }
#-}
