// A tied head with labels to ignore, three rows in chunks of two: the chunks in the graph, in evaluation, and in the step.
// RUN: train-opt --train-check-passes --train-chunk-loss=rows=2 %s | FileCheck %s
// RUN: train-opt --train-chunk-loss=rows=2 --train-derive-programs %s | FileCheck %s --check-prefix=EVAL
// RUN: train-opt --train-check-passes --train-chunk-loss=rows=2 --train-differentiate --cse --train-interleave-chunks --train-fold-sums %s | FileCheck %s --check-prefix=STEP

train.param @table : tensor<10x4xf32> init(#train.normal<0.0, 0.02>)

// CHECK-LABEL: train.graph @lm
train.graph @lm(%tokens: tensor<1x3xi32> batch(0), %labels: tensor<1x3xi64> batch(0)) -> (loss: tensor<f32>, logits: tensor<1x3x10xf32>) {
  // CHECK: %[[W:.*]] = train.read @table
  // CHECK: %[[X:.*]] = train.embedding
  %w = train.read @table : tensor<10x4xf32>
  %x = train.embedding %w, %tokens : tensor<10x4xf32>, tensor<1x3xi32> -> tensor<1x3x4xf32>
  // What the graph returns stays.
  // CHECK: %[[WHOLE:.*]] = train.matmul %[[X]], %[[W]] {transpose_rhs}
  %logits = train.matmul %x, %w {transpose_rhs} : tensor<1x3x4xf32>, tensor<10x4xf32> -> tensor<1x3x10xf32>
  // CHECK: %[[ROWS:.*]] = train.reshape %[[X]] to [3, 4]
  // CHECK: %[[LABELS:.*]] = train.reshape %labels to [3]
  // CHECK: %[[IGNORED:.*]] = train.constant dense<7> : tensor<i64>
  // CHECK: %[[IS:.*]] = train.compare ne %[[LABELS]], %[[IGNORED]]
  // CHECK: %[[ONES:.*]] = train.select %[[IS]],
  // CHECK: %[[N:.*]] = train.reduce_sum %[[ONES]] over [0]
  // CHECK: %[[X0:.*]] = train.slice %[[ROWS]] {offsets = array<i64: 0, 0>, sizes = array<i64: 2, 4>, strides = array<i64: 1, 1>, train.chunk = 0 : i64}
  // CHECK: %[[Y0:.*]] = train.matmul %[[X0]], %[[W]] {train.chunk = 0 : i64, transpose_rhs} : tensor<2x4xf32>, tensor<10x4xf32> -> tensor<2x10xf32>
  // CHECK: %[[L0:.*]] = train.slice %[[LABELS]] {offsets = array<i64: 0>, sizes = array<i64: 2>
  // CHECK: %[[P0:.*]], %{{.*}}, %{{.*}} = train.cross_entropy %[[Y0]], %[[L0]], %[[N]] {ignore_index = 7 : i64, train.chunk = 0 : i64}
  // CHECK: %[[X1:.*]] = train.slice %[[ROWS]] {offsets = array<i64: 2, 0>, sizes = array<i64: 1, 4>
  // CHECK: %[[Y1:.*]] = train.matmul %[[X1]], %[[W]]
  // CHECK: %[[L1:.*]] = train.slice %[[LABELS]] {offsets = array<i64: 2>, sizes = array<i64: 1>
  // CHECK: %[[P1:.*]], %{{.*}}, %{{.*}} = train.cross_entropy %[[Y1]], %[[L1]], %[[N]]
  // CHECK: %[[LOSS:.*]] = train.add %[[P0]], %[[P1]] {train.chunk = 1 : i64}
  // CHECK-NOT: train.cross_entropy
  // CHECK: train.return %[[LOSS]], %[[WHOLE]]
  %loss, %lse, %n = train.cross_entropy %logits, %labels {ignore_index = 7 : i64} : tensor<1x3x10xf32>, tensor<1x3xi64> -> tensor<f32>, tensor<1x3xf32>, tensor<f32>
  train.return %loss, %logits : tensor<f32>, tensor<1x3x10xf32>
}

// EVAL-LABEL: train.eval @eval
// EVAL-NOT: tensor<1x3x10xf32>
// EVAL-LABEL: train.predict @predict
// EVAL-NOT: train.cross_entropy
// EVAL: train.matmul {{.*}} -> tensor<1x3x10xf32>

// The last chunk first, forward and backward of a chunk together, one sum for the gradient of the table.
// STEP-LABEL: train.step @step
// STEP-NOT: train.chunk
// STEP-NOT: 3x10xf32
// STEP: %[[SEED:.*]] = train.constant {train.seed}
// STEP: %[[Y1:.*]] = train.matmul {{.*}} -> tensor<1x10xf32>
// STEP: %[[P1:.*]], %[[E1:.*]], %{{.*}} = train.cross_entropy %[[Y1]], %[[L1:.*]], %[[N:.*]] {
// STEP-NEXT: %[[D1:.*]] = train.cross_entropy_backward %[[SEED]], %[[Y1]], %[[L1]], %[[E1]], %[[N]]
// STEP: %[[DX1:.*]] = train.matmul %[[D1]], %{{.*}} -> tensor<1x4xf32>
// STEP: %[[DW1:.*]] = train.matmul %[[D1]], %{{.*}} -> tensor<10x4xf32>
// STEP: %[[Y0:.*]] = train.matmul {{.*}} -> tensor<2x10xf32>
// STEP: %[[P0:.*]], %[[E0:.*]], %{{.*}} = train.cross_entropy %[[Y0]]
// STEP-NEXT: %[[D0:.*]] = train.cross_entropy_backward %[[SEED]], %[[Y0]]
// STEP: %[[DX0:.*]] = train.matmul %[[D0]], %{{.*}} -> tensor<2x4xf32>
// STEP: %[[DW0:.*]] = train.matmul %[[D0]], %{{.*}} into %[[DW1]]
// STEP: train.concat %[[DX0]], %[[DX1]] along 0
// STEP: train.embedding_grad {{.*}} into %[[DW0]]
// STEP: %[[LOSS:.*]] = train.add %[[P0]], %[[P1]]
// STEP: train.return %[[LOSS]]
