// The name of a copy that is taken.
// RUN: train-opt --train-working-copies --verify-diagnostics %s

// expected-note @+1 {{the copy is of what is defined here}}
train.param @w : tensor<8xf32> init(#train.zeros)
// expected-error @+1 {{has the name of a working copy, 'w.copy'}}
train.param @w.copy : tensor<8xf32> init(#train.zeros)

train.eval @eval() -> (y: tensor<8xbf16>) {
  %w = train.read @w : tensor<8xf32>
  %y = train.cast %w : tensor<8xf32> -> tensor<8xbf16>
  train.return %y : tensor<8xbf16>
}
