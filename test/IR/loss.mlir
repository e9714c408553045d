// Round trip of every op of the Loss family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @cross_entropy(
train.graph @cross_entropy(%logits: tensor<4x16x100xf32>, %labels: tensor<4x16xi32>, %valid: tensor<f32>) {
  // CHECK: = train.cross_entropy %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x16x100xf32>, tensor<4x16xi32> -> tensor<f32>, tensor<4x16xf32>, tensor<f32>
  %loss, %lse, %count = train.cross_entropy %logits, %labels : tensor<4x16x100xf32>, tensor<4x16xi32> -> tensor<f32>, tensor<4x16xf32>, tensor<f32>
  // CHECK: = train.cross_entropy %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x16x100xf32>, tensor<4x16xi32>, tensor<f32> -> tensor<f32>, tensor<4x16xf32>, tensor<f32>
  %part, %part_lse, %part_count = train.cross_entropy %logits, %labels, %valid : tensor<4x16x100xf32>, tensor<4x16xi32>, tensor<f32> -> tensor<f32>, tensor<4x16xf32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.graph @cross_entropy_backward(
train.graph @cross_entropy_backward(%dloss: tensor<f32>, %logits: tensor<4x16x100xf32>, %labels: tensor<4x16xi32>, %lse: tensor<4x16xf32>, %count: tensor<f32>) {
  // CHECK: = train.cross_entropy_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<f32>, tensor<4x16x100xf32>, tensor<4x16xi32>, tensor<4x16xf32>, tensor<f32> -> tensor<4x16x100xf32>
  %dlogits = train.cross_entropy_backward %dloss, %logits, %labels, %lse, %count : tensor<f32>, tensor<4x16x100xf32>, tensor<4x16xi32>, tensor<4x16xf32>, tensor<f32> -> tensor<4x16x100xf32>
  train.return
}

// CHECK-LABEL: train.graph @mse(
train.graph @mse(%p: tensor<4x64xf32>, %t: tensor<4x64xf32>) {
  // CHECK: = train.mse %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<4x64xf32> -> tensor<f32>
  %loss = train.mse %p, %t : tensor<4x64xf32>, tensor<4x64xf32> -> tensor<f32>
  train.return
}
