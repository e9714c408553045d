// RUN: train-opt --train-derive-programs --split-input-file --verify-diagnostics %s

// expected-error @+1 {{there is no train.graph to derive programs from}}
module {
}

// -----

// expected-note @+1 {{it is defined here}}
train.param @predict : tensor<f32> init(#train.zeros)
// expected-error @+1 {{can't have programs derived: the name 'predict' is taken}}
train.graph @g(%x: tensor<f32>) -> (loss: tensor<f32>) {
  train.return %x : tensor<f32>
}
