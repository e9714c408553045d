// Three parameters whose gradients are the three inputs; where an input is not finite the loss does not see it, and the gradient is NaN.
train.param @a : tensor<3xf32> init(#train.constant<0.5>)
train.param @b : tensor<3xf32> init(#train.constant<0.25>)
train.param @c : tensor<3xf32> init(#train.constant<-1.0>)
train.graph @m(%x: tensor<1x3xf32> batch(0), %y: tensor<1x3xf32> batch(0), %z: tensor<1x3xf32> batch(0)) -> (loss: tensor<f32>) {
  %a = train.read @a : tensor<3xf32>
  %b = train.read @b : tensor<3xf32>
  %c = train.read @c : tensor<3xf32>
  %large = train.constant dense<1.0e+38> : tensor<f32>
  %zero = train.constant dense<0.0> : tensor<f32>
  %ax = train.mul %x, %a : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xf32>
  %by = train.mul %y, %b : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xf32>
  %cz = train.mul %z, %c : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xf32>
  %xs = train.abs %x : tensor<1x3xf32>
  %ys = train.abs %y : tensor<1x3xf32>
  %zs = train.abs %z : tensor<1x3xf32>
  %xf = train.compare lt %xs, %large : tensor<1x3xf32>, tensor<f32> -> tensor<1x3xi1>
  %yf = train.compare lt %ys, %large : tensor<1x3xf32>, tensor<f32> -> tensor<1x3xi1>
  %zf = train.compare lt %zs, %large : tensor<1x3xf32>, tensor<f32> -> tensor<1x3xi1>
  %s = train.select %xf, %ax, %zero : tensor<1x3xi1>, tensor<1x3xf32>, tensor<f32> -> tensor<1x3xf32>
  %t = train.select %yf, %by, %zero : tensor<1x3xi1>, tensor<1x3xf32>, tensor<f32> -> tensor<1x3xf32>
  %u = train.select %zf, %cz, %zero : tensor<1x3xi1>, tensor<1x3xf32>, tensor<f32> -> tensor<1x3xf32>
  %st = train.add %s, %t : tensor<1x3xf32>, tensor<1x3xf32> -> tensor<1x3xf32>
  %stu = train.add %st, %u : tensor<1x3xf32>, tensor<1x3xf32> -> tensor<1x3xf32>
  %sums = train.reduce_mean %stu over [0, 1] : tensor<1x3xf32> -> tensor<f32>
  train.return %sums : tensor<f32>
}
