// Two layers and a head: what the tests of recipes quantize.
train.param @w : tensor<32x64xf32> init(#train.normal<0.0, 0.1>)
train.param @v : tensor<64x32xf32> init(#train.normal<0.0, 0.1>)
train.param @head : tensor<32x32xf32> init(#train.normal<0.0, 0.1>)

train.graph @g(%x: tensor<32x32xf32> batch(0), %t: tensor<32x32xf32> batch(0)) -> (loss: tensor<f32>, z: tensor<32x32xf32>) {
  %w = train.read @w : tensor<32x64xf32>
  %y = train.matmul %x, %w : tensor<32x32xf32>, tensor<32x64xf32> -> tensor<32x64xf32>
  %r = train.relu %y : tensor<32x64xf32>
  %p = train.layer "second" -> tensor<32x32xf32> {
    %v = train.read @v : tensor<64x32xf32>
    %p = train.matmul %r, %v : tensor<32x64xf32>, tensor<64x32xf32> -> tensor<32x32xf32>
    %g = train.gelu tanh %p : tensor<32x32xf32>
    train.yield %g : tensor<32x32xf32>
  }
  %h = train.read @head : tensor<32x32xf32>
  %z = train.matmul %p, %h : tensor<32x32xf32>, tensor<32x32xf32> -> tensor<32x32xf32>
  %loss = train.mse %z, %t : tensor<32x32xf32>, tensor<32x32xf32> -> tensor<f32>
  train.return %loss, %z : tensor<f32>, tensor<32x32xf32>
}
