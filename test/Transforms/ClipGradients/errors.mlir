// RUN: train-opt --train-clip-gradients --split-input-file --verify-diagnostics %s
// RUN: not train-opt --train-differentiate --train-clip-gradients=max-norm=-1 %S/clip.mlir 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not train-opt --train-differentiate --train-clip-gradients --train-clip-gradients %S/clip.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// NEGATIVE: can't clip gradients to a norm of -1.0{{.*}}: it must be positive
// TWICE: has its gradients clipped already
// TWICE: note: the coefficient is computed here

// expected-error @+1 {{there is no train.step to clip gradients in}}
module {
}

// -----

// expected-error @+1 {{has no gradients to clip: clipping comes after differentiation and before the optimizer}}
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>) {
  train.return %x : tensor<f32>
}
