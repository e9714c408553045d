// The smallest worked example: four factors in a row. Each gradient is the product of what is around it.
// RUN: train-opt --train-differentiate %s | FileCheck %s

train.param @w1 : tensor<f32> init(#train.constant<1.0>)
train.param @w2 : tensor<f32> init(#train.constant<2.0>)
train.param @w3 : tensor<f32> init(#train.constant<3.0>) {frozen}
train.param @w4 : tensor<f32> init(#train.constant<4.0>)

// The graph stays as it was.
// CHECK-LABEL: train.graph @g
// CHECK-SAME: -> (loss: tensor<f32>, prediction: tensor<f32>)
// CHECK: train.layer "second"
train.graph @g(%x: tensor<f32>, %t: tensor<f32>) -> (loss: tensor<f32>, prediction: tensor<f32>) {
  %w1 = train.read @w1 : tensor<f32>
  %a1 = train.mul %w1, %x : tensor<f32>, tensor<f32> -> tensor<f32>
  %a3 = train.layer "second" -> tensor<f32> {
    %w2 = train.read @w2 : tensor<f32>
    %a2 = train.mul %w2, %a1 : tensor<f32>, tensor<f32> -> tensor<f32>
    %inner = train.layer "inner" -> tensor<f32> {
      %w3 = train.read @w3 : tensor<f32>
      %a = train.mul %w3, %a2 : tensor<f32>, tensor<f32> -> tensor<f32>
      train.yield %a : tensor<f32>
    }
    train.yield %inner : tensor<f32>
  }
  %w4 = train.read @w4 : tensor<f32>
  %y = train.mul %w4, %a3 : tensor<f32>, tensor<f32> -> tensor<f32>
  %loss = train.mse %y, %t : tensor<f32>, tensor<f32> -> tensor<f32>
  %unused = train.exp %y : tensor<f32>
  train.return %loss, %unused : tensor<f32>, tensor<f32>
}

// Only the loss is left of the named outputs, and exp is dead.
// CHECK-LABEL: train.step @step
// CHECK-SAME: -> (loss: tensor<f32>, "grad:w1": tensor<f32>, "grad:w2": tensor<f32>, "grad:w4": tensor<f32>)
// CHECK-NOT: train.exp
// CHECK: %[[W1:.*]] = train.read @w1
// CHECK: %[[A1:.*]] = train.mul %[[W1]], %x
// CHECK: %[[W2:.*]] = train.read @w2 {train.layer = "second"}
// CHECK: %[[A2:.*]] = train.mul %[[W2]], %[[A1]] {train.layer = "second"}
// CHECK: %[[W3:.*]] = train.read @w3 {train.layer = "second/inner"}
// CHECK: %[[A3:.*]] = train.mul %[[W3]], %[[A2]] {train.layer = "second/inner"}
// CHECK: %[[W4:.*]] = train.read @w4
// CHECK: %[[Y:.*]] = train.mul %[[W4]], %[[A3]]
// CHECK: %[[LOSS:.*]] = train.mse %[[Y]], %t
// CHECK: train.constant {train.seed} dense<1.000000e+00>
// CHECK: %[[DIFF:.*]] = train.sub %[[Y]], %t
// CHECK: %[[DY:.*]] = train.mul %{{.*}}, %[[DIFF]]
// CHECK-DAG: %[[DW4:.*]] = train.mul %[[DY]], %[[A3]]
// CHECK-DAG: %[[DA3:.*]] = train.mul %[[DY]], %[[W4]]
// w3 is frozen: only the derivative with respect to the other factor exists.
// CHECK: %[[DA2:.*]] = train.mul %[[DA3]], %[[W3]] {train.layer = "second/inner"}
// CHECK-DAG: %[[DW2:.*]] = train.mul %[[DA2]], %[[A1]]
// CHECK-DAG: %[[DA1:.*]] = train.mul %[[DA2]], %[[W2]]
// CHECK: %[[DW1:.*]] = train.mul %[[DA1]], %x
// CHECK-NEXT: train.return %[[LOSS]], %[[DW1]], %[[DW2]], %[[DW4]]
