// One case per constraint of the Loss family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.cross_entropy C1
train.graph @g(%logits: tensor<4x16x100xf32>, %labels: tensor<4xi32>) {
  // expected-error@+2 {{labels must have shape [4, 16], got [4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %loss, %lse, %count = train.cross_entropy %logits, %labels : tensor<4x16x100xf32>, tensor<4xi32> -> tensor<f32>, tensor<4x16xf32>, tensor<f32>
  train.return
}

// -----

// train.cross_entropy C2
train.graph @g(%logits: tensor<f32>, %labels: tensor<i32>) {
  // expected-error@+2 {{logits must have rank 1 or more, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %loss, %lse, %count = train.cross_entropy %logits, %labels : tensor<f32>, tensor<i32> -> tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.cross_entropy C3
train.graph @g(%logits: tensor<4x16xbf16>, %labels: tensor<4xi32>, %divisor: tensor<bf16>) {
  // expected-error@+2 {{divisor must be a scalar 'tensor<f32>', got 'tensor<bf16>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %loss, %lse, %count = train.cross_entropy %logits, %labels, %divisor : tensor<4x16xbf16>, tensor<4xi32>, tensor<bf16> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  train.return
}

// -----

// train.cross_entropy_backward C1
train.graph @g(%s: tensor<f32>, %logits: tensor<4x16x100xf32>, %labels: tensor<4x16xi32>, %lse: tensor<64xf32>) {
  // expected-error@+2 {{lse must be 'tensor<4x16xf32>', got 'tensor<64xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dlogits = train.cross_entropy_backward %s, %logits, %labels, %lse, %s : tensor<f32>, tensor<4x16x100xf32>, tensor<4x16xi32>, tensor<64xf32>, tensor<f32> -> tensor<4x16x100xf32>
  train.return
}

// -----

// train.cross_entropy_backward C1
train.graph @g(%s: tensor<f32>, %logits: tensor<4x16x100xf32>, %labels: tensor<4x16xi32>, %lse: tensor<4x16xf32>, %d: tensor<1xf32>) {
  // expected-error@+2 {{dloss must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dlogits = train.cross_entropy_backward %d, %logits, %labels, %lse, %s : tensor<1xf32>, tensor<4x16x100xf32>, tensor<4x16xi32>, tensor<4x16xf32>, tensor<f32> -> tensor<4x16x100xf32>
  train.return
}

// -----

// train.mse C1
train.graph @g(%p: tensor<4x64xf32>, %t: tensor<4x1xf32>) {
  // expected-error@+2 {{target must be 'tensor<4x64xf32>', got 'tensor<4x1xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %loss = train.mse %p, %t : tensor<4x64xf32>, tensor<4x1xf32> -> tensor<f32>
  train.return
}
