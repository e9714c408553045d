// An executable fills inputs sample by sample; one without samples has to be found before it runs.
// RUN: %exits 1 train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: %exits 1 train-compile %s --dry-run 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: train-compile %s --dry-run --emit=object
// CHECK: unbatched-input.mlir:[[#@LINE+3]]:{{[0-9]+}}: error: 'train.graph' op input "x" of type 'tensor<4xf32>' does not start with the batch; an executable needs batch(0) on every input

train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.mul %w, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %l = train.reduce_sum %y over [0] : tensor<4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
