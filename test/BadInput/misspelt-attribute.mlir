// An attribute that is not the op's would be kept for whoever knows it, and change nothing.
// RUN: sed s/transpose_rhs/transpse_rhs/ %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=MATMUL --implicit-check-not=error:
// MATMUL: <stdin>:19:8: error: 'train.matmul' op has no attribute 'transpse_rhs', did you mean 'transpose_rhs'?
// RUN: sed s/transpose_rhs/foo/ %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=FOO --implicit-check-not=error:
// FOO: error: 'train.matmul' op has no attribute 'foo'; one of another dialect needs its name in front
// RUN: sed s/causal/causl/ %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=CAUSAL --implicit-check-not=error:
// CAUSAL: error: 'train.attention' op has no attribute 'causl', did you mean 'causal'?
// RUN: sed s/no_decay/no_dekay/ %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=DECAY --implicit-check-not=error:
// DECAY: <stdin>:16:1: error: 'train.param' op has no attribute 'no_dekay', did you mean 'no_decay'?
// RUN: sed s/no_decay/frozn/ %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=FROZEN --implicit-check-not=error:
// FROZEN: error: 'train.param' op has no attribute 'frozn', did you mean 'frozen'?
// RUN: train-compile %s --dry-run
// RUN: sed s/transpose_rhs/transpose_rhs,tool.foo/ %s | train-compile - --dry-run

// The line numbers above count from the top of this file.
train.param @w : tensor<4x4xf32> init(#train.constant<1.0>) {no_decay}
train.graph @a(%x: tensor<2x4x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x4xf32>
  %m = train.matmul %x, %w {transpose_rhs} : tensor<2x4x4xf32>, tensor<4x4xf32> -> tensor<2x4x4xf32>
  %h = train.reshape %m to [-1, 4, 1, 4] : tensor<2x4x4xf32> -> tensor<2x4x1x4xf32>
  %y, %lse = train.attention %h, %h, %h {causal, scale = 0.5 : f64} : tensor<2x4x1x4xf32>, tensor<2x4x1x4xf32>, tensor<2x4x1x4xf32> -> tensor<2x4x1x4xf32>, tensor<2x1x4xf32>
  %l = train.reduce_sum %y over [0, 1, 2, 3] : tensor<2x4x1x4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
