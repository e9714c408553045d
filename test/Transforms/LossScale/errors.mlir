// RUN: train-opt --train-loss-scale --split-input-file --verify-diagnostics %s
// RUN: not train-opt --train-differentiate --train-loss-scale --train-loss-scale %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not train-opt --train-differentiate --train-clip-gradients --train-loss-scale %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=CLIPPED
// RUN: not train-opt --train-differentiate --train-loss-scale=mode=maybe %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not train-opt --train-differentiate --train-loss-scale=init=-1 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=INIT
// RUN: not train-opt --train-differentiate --train-loss-scale=init=1e60 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=INIT
// RUN: not train-opt --train-differentiate --train-loss-scale="init=2 minimum=4" %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=BELOW
// RUN: not train-opt --train-differentiate --train-loss-scale=window=0 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=WINDOW
// RUN: not train-opt --train-differentiate --train-loss-scale=hysteresis=0 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=HYSTERESIS
// RUN: not train-opt --train-differentiate --train-loss-scale=growth=0.5 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=GROWTH
// RUN: not train-opt --train-differentiate --train-loss-scale=backoff=2 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=BACKOFF
// RUN: train-opt --train-differentiate --train-loss-scale=init=1000 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=ODD
// RUN: train-opt --train-differentiate --train-loss-scale=growth=3 %S/scale.mlir 2>&1 | FileCheck %s --check-prefix=GROWS
// TWICE: has a loss scale already
// TWICE: note: its gradients are checked here
// CLIPPED: has its gradients clipped already: the loss scale comes before clipping, which measures unscaled gradients
// CLIPPED: note: the norm is computed here
// MODE: unknown mode of loss scaling 'maybe': expected dynamic, static or none
// INIT: can't have a loss scale with init {{.*}}: expected a positive number that f32 can hold
// BELOW: can't have a loss scale with init 2{{.*}}: expected at least the minimum, 4
// WINDOW: can't have a loss scale with window 0: expected 1 or more
// HYSTERESIS: can't have a loss scale with hysteresis 0: expected 1 or more
// GROWTH: can't have a loss scale with growth {{.*}}: expected a number of 1 or more
// BACKOFF: can't have a loss scale with backoff {{.*}}: expected a number in (0, 1]
// ODD: warning: loss scaling with init 1000{{.*}}, which is no power of two: the scale is rounded into every gradient
// GROWS: warning: loss scaling with growth 3{{.*}}, which is no power of two

// expected-error @+1 {{there is no train.step to scale the loss in}}
module {
}

// -----

// expected-error @+1 {{has no gradients to scale: the loss scale comes after train-differentiate and before the optimizer}}
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>) {
  train.return %x : tensor<f32>
}

// -----

// expected-error @+1 {{has no constant marked 'train.seed', from which backward starts, to scale}}
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>, "grad:w": tensor<f32>) {
  train.return %x, %x : tensor<f32>, tensor<f32>
}

// -----

train.param @w : tensor<f32> init(#train.zeros)
// expected-error @+1 {{has the name of a state of the loss scale, 'train.loss_scale'}}
train.state other @train.loss_scale : tensor<f32> init(#train.zeros)
// expected-note @+1 {{the step that is scaled is here}}
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>, "grad:w": tensor<f32>) {
  %seed = train.constant {train.seed} dense<1.0> : tensor<f32>
  %g = train.mul %x, %seed : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %x, %g : tensor<f32>, tensor<f32>
}

// -----

// A seed in f16 is scaled in f32, and what comes of it has to fit.
train.param @w : tensor<f16> init(#train.zeros)
train.step @step(%x: tensor<f16>) -> (loss: tensor<f16>, "grad:w": tensor<f16>) {
  // expected-warning @+1 {{the loss is scaled, and its derivative would be infinite in 'f16' (65536 exceeds 65504): steps are skipped until the scale is smaller}}
  %seed = train.constant {train.seed} dense<1.0> : tensor<f16>
  %g = train.mul %x, %seed : tensor<f16>, tensor<f16> -> tensor<f16>
  train.return %x, %g : tensor<f16>, tensor<f16>
}

// -----

// A model that scales its loss itself, and a second scale.
train.param @w : tensor<f32> init(#train.zeros)
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>, "grad:w": tensor<f32>) {
  %seed = train.constant {train.seed} dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-error @+1 {{is a loss scale of the model's own, and the step would have two: take this one out, or train without a loss scale}}
  %scaled = train.scale_loss %x, %scale : tensor<f32>, tensor<f32>
  %loss = train.unscale %scaled, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %seed : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss, %g : tensor<f32>, tensor<f32>
}
