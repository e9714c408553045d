// What is no type, no override, or an override of nothing.
// RUN: not train-opt --train-autocast=type=f8 %s 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: autocast is to f32, f16, bf16, fp8 or fp4, not to 'f8'
// RUN: not train-opt --train-autocast=overrides=matmul %s 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: precision override 'matmul' is not of the form NAME:TYPE
// RUN: not train-opt --train-autocast=overrides=matmul:f8 %s 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: precision override 'matmul:f8' asks for type 'f8'; there are f32, f16, bf16, fp8, fp4
// RUN: not train-opt --train-autocast=overrides=matmull:f32 %s 2>&1 | FileCheck %s --check-prefix=SLIP
// SLIP: precision override 'matmull:f32' names no op, layer, parameter or output of the graph, did you mean 'matmul'?
// RUN: not train-opt --train-autocast=overrides=read:f32 %s 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: precision override of 'read' changes nothing: no op there has a type to choose
// RUN: not train-opt --train-derive-programs --train-autocast %s 2>&1 | FileCheck %s --check-prefix=LATE
// LATE: has its types already: train-autocast comes before programs are derived
// RUN: echo | not train-opt --train-autocast 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: autocast needs exactly one train.graph, found 0

train.param @w : tensor<8x8xf32> init(#train.zeros)

train.graph @g(%x: tensor<4x8xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<8x8xf32>
  %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %loss = train.mse %y, %x : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
