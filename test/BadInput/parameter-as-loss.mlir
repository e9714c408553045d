// A loss that is a parameter, in whatever shape, is overwritten by the update that it asks for.
// RUN: rm -rf %t && split-file %s %t
// RUN: not train-compile %t/whole.mlir -o %t/m 2>&1 | FileCheck %s --check-prefix=WHOLE --implicit-check-not=error:
// RUN: not train-compile %t/whole.mlir -o %t/m --accumulate=2 2>&1 | FileCheck %s --check-prefix=WHOLE --implicit-check-not=error:
// RUN: not train-compile %t/shape.mlir -o %t/m 2>&1 | FileCheck %s --check-prefix=SHAPE --implicit-check-not=error:
// RUN: not ls %t/m
// WHOLE: whole.mlir:2:1: error: 'train.step' op has the parameter @w itself as its loss; a loss has to be computed
// WHOLE: whole.mlir:3:8: note: the parameter is read here
// SHAPE: shape.mlir:2:1: error: 'train.step' op has the parameter @w itself as its loss; a loss has to be computed
// SHAPE: shape.mlir:3:8: note: the parameter is read here

// What is computed from it is none, even if it has its value.
// RUN: train-compile %t/computed.mlir --dry-run

//--- whole.mlir
train.param @w : tensor<f32> init(#train.zeros)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  train.return %w : tensor<f32>
}

//--- shape.mlir
train.param @w : tensor<1x1xf32> init(#train.zeros)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<1x1xf32>
  %l = train.layer "head" -> tensor<f32> {
    %r = train.reshape %w to [] : tensor<1x1xf32> -> tensor<f32>
    train.yield %r : tensor<f32>
  }
  train.return %l : tensor<f32>
}

//--- computed.mlir
train.param @w : tensor<f32> init(#train.zeros)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  %0 = train.constant dense<1.0> : tensor<f32>
  %l = train.mul %w, %0 : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %l : tensor<f32>
}
