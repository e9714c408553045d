// Tokens of a vocabulary of 16 that predict one of 8 classes.
train.param @table : tensor<16x4xf32> init(#train.normal<0.0, 0.02>)
train.param @w : tensor<4x8xf32> init(#train.normal<0.0, 0.02>)
train.graph @m(%tokens: tensor<2x5xi32> batch(0), %labels: tensor<2x5xi32> batch(0)) -> (loss: tensor<f32>) {
  %table = train.read @table : tensor<16x4xf32>
  %w = train.read @w : tensor<4x8xf32>
  %x = train.embedding %table, %tokens : tensor<16x4xf32>, tensor<2x5xi32> -> tensor<2x5x4xf32>
  %logits = train.matmul %x, %w : tensor<2x5x4xf32>, tensor<4x8xf32> -> tensor<2x5x8xf32>
  %loss, %lse, %count = train.cross_entropy %logits, %labels : tensor<2x5x8xf32>, tensor<2x5xi32> -> tensor<f32>, tensor<2x5xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}
