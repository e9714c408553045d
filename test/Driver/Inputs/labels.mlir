// A classifier of 8 classes. LABELS is their type, IGNORE the label that does not count.
train.param @w : tensor<8x8xf32> init(#train.normal<0.0, 0.02>)
train.graph @m(%x: tensor<2x2x8xf32> batch(0), %labels: tensor<2x2xLABELS> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<8x8xf32>
  %logits = train.matmul %x, %w : tensor<2x2x8xf32>, tensor<8x8xf32> -> tensor<2x2x8xf32>
  //COMPUTED %one = train.constant dense<1> : tensor<2x2xLABELS>
  //COMPUTED %labels1 = train.add %labels, %one : tensor<2x2xLABELS>, tensor<2x2xLABELS> -> tensor<2x2xLABELS>
  %loss, %lse, %count = train.cross_entropy %logits, %NAME {ignore_index = IGNORE : i64} : tensor<2x2x8xf32>, tensor<2x2xLABELS> -> tensor<f32>, tensor<2x2xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}
