// A wish for chunks that cannot be met says why for each loss; the rule leaves such losses alone.
// RUN: train-opt --train-chunk-loss=rows=2 --split-input-file --verify-diagnostics %s
// RUN: train-opt --train-chunk-loss --split-input-file %s | FileCheck %s --implicit-check-not=train.chunk
// RUN: not train-opt --train-chunk-loss=rows=-1 %s 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: the rows per chunk must be positive, or 0 to choose by rule, got -1

// CHECK-LABEL: train.graph @mse
// expected-error @+1 {{has no loss whose rows could be split into chunks of 2}}
train.graph @mse(%x: tensor<4x4xf32> batch(0), %t: tensor<4x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %loss = train.mse %x, %t : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// CHECK-LABEL: train.graph @input
// expected-error @+1 {{has no loss whose rows could be split}}
train.graph @input(%y: tensor<4x6xf32> batch(0), %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>) {
  // expected-note @+1 {{this loss reads logits that are an input}}
  %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// Dropout draws by the row's number in the batch.
// CHECK-LABEL: train.graph @dropout
// expected-error @+1 {{has no loss whose rows could be split}}
train.graph @dropout(%x: tensor<4x4xf32> batch(0), %w: tensor<4x6xf32>, %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>) {
  %y = train.matmul %x, %w : tensor<4x4xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
  %key = train.random_key : tensor<3xi64>
  %z = train.dropout %y, %key {rate = 0.5 : f64, site = 0 : i64, samples = 4 : i64} : tensor<4x6xf32>, tensor<3xi64>
  // expected-note @+1 {{this loss reads logits that do not come from a matmul with one matrix by ops that treat each row by itself, but from train.dropout}}
  %loss, %lse, %n = train.cross_entropy %z, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// The step needs the whole logits anyway.
// CHECK-LABEL: train.graph @shared
// expected-error @+1 {{has no loss whose rows could be split}}
train.graph @shared(%x: tensor<4x4xf32> batch(0), %w: tensor<4x6xf32>, %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>) {
  %y = train.matmul %x, %w : tensor<4x4xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
  // expected-note @+1 {{this loss is not the only reader of its logits that leads to the graph's loss}}
  %ce, %lse, %n = train.cross_entropy %y, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  %mean = train.reduce_mean %y over [0, 1] : tensor<4x6xf32> -> tensor<f32>
  %loss = train.add %ce, %mean : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// CHECK-LABEL: train.graph @metric
// expected-error @+1 {{has no loss whose rows could be split}}
train.graph @metric(%x: tensor<4x4xf32> batch(0), %w: tensor<4x6xf32>, %labels: tensor<4xi32> batch(0), %t: tensor<4x4xf32> batch(0)) -> (loss: tensor<f32>, metric: tensor<f32>) {
  %y = train.matmul %x, %w : tensor<4x4xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
  // expected-note @+1 {{this loss does not lead to the graph's loss}}
  %metric, %lse, %n = train.cross_entropy %y, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  %loss = train.mse %x, %t : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<f32>
  train.return %loss, %metric : tensor<f32>, tensor<f32>
}

// -----

// What the user wants recomputed as a whole stays whole.
// CHECK-LABEL: train.graph @checkpoint
// expected-error @+1 {{has no loss whose rows could be split}}
train.graph @checkpoint(%x: tensor<4x4xf32> batch(0), %w: tensor<4x6xf32>, %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>) {
  %loss = train.checkpoint -> tensor<f32> {
    %y = train.matmul %x, %w : tensor<4x4xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
    // expected-note @+1 {{this loss stands in a train.checkpoint}}
    %ce, %lse, %n = train.cross_entropy %y, %labels : tensor<4x6xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
    train.yield %ce : tensor<f32>
  }
  train.return %loss : tensor<f32>
}

// -----

// CHECK-LABEL: train.graph @many
train.graph @many(%x: tensor<8192x4xf32> batch(0), %w: tensor<4x6xf32>, %labels: tensor<8192xi32> batch(0)) -> (loss: tensor<f32>) {
  %y = train.matmul %x, %w : tensor<8192x4xf32>, tensor<4x6xf32> -> tensor<8192x6xf32>
  // expected-error @+1 {{would become 4096 chunks of 2 rows; at most 1024 are possible, with 8 rows or more}}
  %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<8192x6xf32>, tensor<8192xi32> -> tensor<f32>, tensor<8192xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// Nothing to sum, nothing to split.
// CHECK-LABEL: train.graph @empty
train.graph @empty(%x: tensor<0x0xf32> batch(0), %w: tensor<0x100000xf32>, %labels: tensor<0xi32> batch(0)) -> (loss: tensor<f32>) {
  %y = train.matmul %x, %w : tensor<0x0xf32>, tensor<0x100000xf32> -> tensor<0x100000xf32>
  %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<0x100000xf32>, tensor<0xi32> -> tensor<f32>, tensor<0xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// CHECK-LABEL: train.graph @nothing_to_sum
train.graph @nothing_to_sum(%x: tensor<100x0xf32> batch(0), %w: tensor<0x100000xf32>, %labels: tensor<100xi32> batch(0)) -> (loss: tensor<f32>) {
  %y = train.matmul %x, %w : tensor<100x0xf32>, tensor<0x100000xf32> -> tensor<100x100000xf32>
  %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<100x100000xf32>, tensor<100xi32> -> tensor<f32>, tensor<100xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}
