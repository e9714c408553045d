// A residual sum written as an accumulation: backward still reads what it was added to.
train.param @w : tensor<3x4xf32> init(#train.normal<0.0 : f64, 0.5 : f64>)
train.param @v : tensor<4x4xf32> init(#train.normal<0.0 : f64, 0.5 : f64>)
train.graph @residual(%x: tensor<2x3xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<3x4xf32>
  %h = train.matmul %x, %w : tensor<2x3xf32>, tensor<3x4xf32> -> tensor<2x4xf32>
  %t = train.tanh %h : tensor<2x4xf32>
  %v = train.read @v : tensor<4x4xf32>
  %y = train.matmul %t, %v into %t : tensor<2x4xf32>, : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
  %loss = train.reduce_mean %y over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
