// What is marked moves to its first reader, with what it reads; what is not marked stays, and the marks are gone.
// RUN: train-opt --train-check-passes --train-interleave-chunks %s | FileCheck %s --implicit-check-not=train.chunk

// CHECK-LABEL: train.step @step
// CHECK-NEXT: %[[U:.*]] = train.sin %x
// CHECK-NEXT: %[[A1:.*]] = train.exp %[[U]]
// CHECK-NEXT: %[[B1:.*]] = train.tanh %[[A1]]
// CHECK-NEXT: %[[C1:.*]] = train.mul %[[B1]], %[[A1]]
// CHECK-NEXT: %[[A0:.*]] = train.neg %[[U]]
// CHECK-NEXT: %[[B0:.*]] = train.abs %[[A0]]
// CHECK-NEXT: %[[C0:.*]] = train.mul %[[B0]], %[[C1]]
// CHECK-NEXT: %[[D:.*]] = train.add %[[B0]], %[[B1]]
// CHECK-NEXT: train.return %[[D]], %[[C0]]
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>, other: tensor<f32>) {
  %u = train.sin %x : tensor<f32>
  %a0 = train.neg %u {train.chunk = 0 : i64} : tensor<f32>
  %b0 = train.abs %a0 {train.chunk = 0 : i64} : tensor<f32>
  %a1 = train.exp %u {train.chunk = 1 : i64} : tensor<f32>
  %b1 = train.tanh %a1 {train.chunk = 1 : i64} : tensor<f32>
  %d = train.add %b0, %b1 {train.chunk = 1 : i64} : tensor<f32>, tensor<f32> -> tensor<f32>
  %c1 = train.mul %b1, %a1 : tensor<f32>, tensor<f32> -> tensor<f32>
  %c0 = train.mul %b0, %c1 : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %d, %c0 : tensor<f32>, tensor<f32>
}
