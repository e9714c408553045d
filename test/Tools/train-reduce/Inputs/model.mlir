train.param @a : tensor<4x4xf32> init(#train.constant<0.5>)
train.param @b : tensor<4x4xf32> init(#train.constant<0.25>)
train.param @unused : tensor<9xf32> init(#train.zeros)
train.graph @g(%x: tensor<4x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %a = train.read @a : tensor<4x4xf32>
  %b = train.read @b : tensor<4x4xf32>
  %0 = train.matmul %x, %a : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %1 = train.tanh %0 : tensor<4x4xf32>
  %2 = train.mul %1, %b : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %3 = train.gelu_backward erf %2, %b : tensor<4x4xf32>
  %4 = train.exp %3 : tensor<4x4xf32>
  %loss = train.reduce_sum %4 over [0, 1] : tensor<4x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
