// A loss may end in any op: the derivative of a mean passes a view before backward reads it. Rules and marked regions
// work as they do under a loss op.
// RUN: train-compile %s --dry-run --optimizer=sgd --print-memory | FileCheck %s --check-prefix=AGAIN
// RUN: sed -e '/train.checkpoint/d' -e '/train.yield/d' -e '/^  }/d' -e 's/%%c/%%h3/' %s > %t.mlir
// RUN: train-compile %t.mlir --dry-run --optimizer=sgd --print-memory | FileCheck %s --check-prefix=NEVER
// RUN: train-compile %t.mlir --dry-run --optimizer=sgd --remat=sqrt --print-memory | FileCheck %s --check-prefix=AGAIN
// RUN: train-compile %t.mlir --dry-run --optimizer=sgd --remat=policy:save-nothing --print-memory | FileCheck %s --check-prefix=AGAIN
// NEVER-NOT: recomputation {{[1-9]}}
// AGAIN: recomputation {{[1-9]}}
train.param @w : tensor<64x64xf32> init(#train.normal<0.0, 0.1>)
train.graph @g(%x: tensor<256x64xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<64x64xf32>
  %c = train.checkpoint -> tensor<256x64xf32> {
    %m1 = train.matmul %x, %w : tensor<256x64xf32>, tensor<64x64xf32> -> tensor<256x64xf32>
    %h1 = train.tanh %m1 : tensor<256x64xf32>
    %m2 = train.matmul %h1, %w : tensor<256x64xf32>, tensor<64x64xf32> -> tensor<256x64xf32>
    %h2 = train.tanh %m2 : tensor<256x64xf32>
    %m3 = train.matmul %h2, %w : tensor<256x64xf32>, tensor<64x64xf32> -> tensor<256x64xf32>
    %h3 = train.tanh %m3 : tensor<256x64xf32>
    train.yield %h3 : tensor<256x64xf32>
  }
  %m4 = train.matmul %c, %w : tensor<256x64xf32>, tensor<64x64xf32> -> tensor<256x64xf32>
  %h4 = train.tanh %m4 : tensor<256x64xf32>
  %m5 = train.matmul %h4, %w : tensor<256x64xf32>, tensor<64x64xf32> -> tensor<256x64xf32>
  %h5 = train.tanh %m5 : tensor<256x64xf32>
  %m6 = train.matmul %h5, %w : tensor<256x64xf32>, tensor<64x64xf32> -> tensor<256x64xf32>
  %h6 = train.tanh %m6 : tensor<256x64xf32>
  %loss = train.reduce_mean %h6 over [0, 1] : tensor<256x64xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
