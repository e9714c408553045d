// Prediction takes one sample where no sample sees another, and the graph's batch elsewhere.
// RUN: train-opt --train-derive-programs --split-input-file %s | FileCheck %s

train.param @table : tensor<9x4xf32> init(#train.zeros)
train.param @positions : tensor<5x4xf32> init(#train.zeros)

// Positions do not follow the batch, though they are added to what does.
// CHECK-LABEL: train.predict @predict(%tokens: tensor<1x5xi32> batch(0)) -> (logits: tensor<1x5x9xf32>)
// CHECK: train.add {{.*}} : tensor<1x5x4xf32>, tensor<5x4xf32> -> tensor<1x5x4xf32>
// CHECK: train.reshape {{.*}} : tensor<1x5x4xf32> -> tensor<1x5x2x2xf32>
train.graph @apart(%tokens: tensor<3x5xi32> batch(0), %labels: tensor<3x5xi32> batch(0)) -> (loss: tensor<f32>, logits: tensor<3x5x9xf32>) {
  %table = train.read @table : tensor<9x4xf32>
  %positions = train.read @positions : tensor<5x4xf32>
  %e = train.embedding %table, %tokens : tensor<9x4xf32>, tensor<3x5xi32> -> tensor<3x5x4xf32>
  %x = train.add %e, %positions : tensor<3x5x4xf32>, tensor<5x4xf32> -> tensor<3x5x4xf32>
  %q = train.reshape %x to [3, 5, 2, 2] : tensor<3x5x4xf32> -> tensor<3x5x2x2xf32>
  %a, %alse = train.attention %q, %q, %q {causal, scale = 0.5 : f64} : tensor<3x5x2x2xf32>, tensor<3x5x2x2xf32>, tensor<3x5x2x2xf32> -> tensor<3x5x2x2xf32>, tensor<3x2x5xf32>
  %h = train.reshape %a to [3, 5, 4] : tensor<3x5x2x2xf32> -> tensor<3x5x4xf32>
  %logits = train.matmul %h, %table {transpose_rhs} : tensor<3x5x4xf32>, tensor<9x4xf32> -> tensor<3x5x9xf32>
  %loss, %lse, %n = train.cross_entropy %logits, %labels : tensor<3x5x9xf32>, tensor<3x5xi32> -> tensor<f32>, tensor<3x5xf32>, tensor<f32>
  train.return %loss, %logits : tensor<f32>, tensor<3x5x9xf32>
}

// -----

// The similarity of each sample to each.
// CHECK-LABEL: train.predict @predict(%x: tensor<3x4xf32> batch(0))
train.graph @similarity(%x: tensor<3x4xf32> batch(0), %labels: tensor<3xi32> batch(0)) -> (loss: tensor<f32>, logits: tensor<3x3xf32>) {
  %logits = train.matmul %x, %x {transpose_rhs} : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<3x3xf32>
  %loss, %lse, %n = train.cross_entropy %logits, %labels : tensor<3x3xf32>, tensor<3xi32> -> tensor<f32>, tensor<3xf32>, tensor<f32>
  train.return %loss, %logits : tensor<f32>, tensor<3x3xf32>
}

// -----

// Weights over the batch: as many elements per sample as apart, but a row of the softmax is all samples.
// CHECK-LABEL: train.predict @predict(%x: tensor<3x4xf32> batch(0))
train.graph @across(%x: tensor<3x4xf32> batch(0), %t: tensor<3x4xf32> batch(0)) -> (loss: tensor<f32>, weights: tensor<3x4xf32>) {
  %y = train.transpose %x by [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %s = train.softmax %y : tensor<4x3xf32>
  %weights = train.transpose %s by [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  %loss = train.mse %weights, %t : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<f32>
  train.return %loss, %weights : tensor<f32>, tensor<3x4xf32>
}

// -----

// Samples as one packed sequence.
// CHECK-LABEL: train.predict @predict(%x: tensor<3x2x1x4xf32> batch(0))
train.graph @packed(%x: tensor<3x2x1x4xf32> batch(0), %t: tensor<1x6x1x4xf32>) -> (loss: tensor<f32>, y: tensor<1x6x1x4xf32>) {
  %q = train.reshape %x to [1, -1, 1, 4] : tensor<3x2x1x4xf32> -> tensor<1x6x1x4xf32>
  %y, %lse = train.attention %q, %q, %q {scale = 0.5 : f64} : tensor<1x6x1x4xf32>, tensor<1x6x1x4xf32>, tensor<1x6x1x4xf32> -> tensor<1x6x1x4xf32>, tensor<1x1x6xf32>
  %loss = train.mse %y, %t : tensor<1x6x1x4xf32>, tensor<1x6x1x4xf32> -> tensor<f32>
  train.return %loss, %y : tensor<f32>, tensor<1x6x1x4xf32>
}

// -----

train.param @gamma : tensor<4xf32> init(#train.constant<1.0>)
train.param @beta : tensor<4xf32> init(#train.zeros)

// Statistics of the batch, in evaluation too.
// CHECK-LABEL: train.predict @predict(%x: tensor<3x4xf32> batch(0))
train.graph @statistics(%x: tensor<3x4xf32> batch(0), %t: tensor<3x4xf32> batch(0)) -> (loss: tensor<f32>, y: tensor<3x4xf32>) {
  %gamma = train.read @gamma : tensor<4xf32>
  %beta = train.read @beta : tensor<4xf32>
  %y, %m, %v = train.batch_norm %x, %gamma, %beta {eps = 1.0e-5 : f64, momentum = 0.1 : f64} : tensor<3x4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<3x4xf32>, tensor<4xf32>, tensor<4xf32>
  %loss = train.mse %y, %t : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<f32>
  train.return %loss, %y : tensor<f32>, tensor<3x4xf32>
}

// -----

// A mean over the batch beside the samples.
// CHECK-LABEL: train.predict @predict(%x: tensor<3x4xf32> batch(0))
train.graph @mean(%x: tensor<3x4xf32> batch(0), %t: tensor<3x4xf32> batch(0)) -> (loss: tensor<f32>, y: tensor<3x4xf32>) {
  %m = train.reduce_mean %x over [0] : tensor<3x4xf32> -> tensor<4xf32>
  %y = train.sub %x, %m : tensor<3x4xf32>, tensor<4xf32> -> tensor<3x4xf32>
  %loss = train.mse %y, %t : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<f32>
  train.return %loss, %y : tensor<f32>, tensor<3x4xf32>
}
