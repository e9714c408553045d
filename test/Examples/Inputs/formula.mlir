// The model of softplus.mlir in ops of the train dialect.
train.param @w : tensor<8x4xf32> init(#train.uniform<-0.5, 0.5>)
train.graph @g(%x: tensor<4x8xf32> batch(0), %t: tensor<4x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<8x4xf32>
  %h = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  %one = train.constant dense<1.0> : tensor<f32>
  %e = train.exp %h : tensor<4x4xf32>
  %sum = train.add %e, %one : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf32>
  %y = train.log %sum : tensor<4x4xf32>
  %loss = train.mse %y, %t : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
