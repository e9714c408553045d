// Round trip of every op of the Program family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-debuginfo %s | train-opt | FileCheck %s
// RUN: train-opt %s | FileCheck %s --check-prefix=PLAIN

// Locations are printed where they were asked for, and nowhere else.
// PLAIN-NOT: loc(

// CHECK: train.param @fc.weight : tensor<8x3xf32> init(#train.normal<0.000000e+00 : f64, 2.000000e-02 : f64>)
train.param @fc.weight : tensor<8x3xf32> init(#train.normal<0.000000e+00 : f64, 2.000000e-02 : f64>)
// CHECK: train.param @fc.bias : tensor<3xf32> init(#train.zeros) {no_decay}
train.param @fc.bias : tensor<3xf32> init(#train.zeros) {no_decay}
// CHECK: train.param @table : tensor<2xf32> init(dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>) {frozen}
train.param @table : tensor<2xf32> init(dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>) {frozen}
// CHECK: train.state optimizer @fc.weight.velocity of @fc.weight : tensor<8x3xf32> init(#train.constant<0.000000e+00 : f64>)
train.state optimizer @fc.weight.velocity of @fc.weight : tensor<8x3xf32> init(#train.constant<0.000000e+00 : f64>)
// CHECK: train.state counter @steps : tensor<i64> init(#train.zeros)
train.state counter @steps : tensor<i64> init(#train.zeros)
// CHECK: train.state copy @fc.weight.copy of @fc.weight : tensor<8x3xbf16> init(#train.copy_of<@fc.weight>)
train.state copy @fc.weight.copy of @fc.weight : tensor<8x3xbf16> init(#train.copy_of<@fc.weight>)
// CHECK: train.state other @noise : tensor<4xf32> init(#train.uniform<-1.000000e+00 : f64, 1.000000e+00 : f64>)
train.state other @noise : tensor<4xf32> init(#train.uniform<-1.000000e+00 : f64, 1.000000e+00 : f64>)

// CHECK-LABEL: train.graph @classifier(%x: tensor<4x8xf32> batch(0), %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>, logits: tensor<4x3xf32>) {
train.graph @classifier(%x: tensor<4x8xf32> batch(0), %labels: tensor<4xi32> batch(0))
    -> (loss: tensor<f32>, logits: tensor<4x3xf32>) {
  // CHECK: train.layer "fc" -> tensor<4x3xf32> {
  %logits = train.layer "fc" -> tensor<4x3xf32> {
    // CHECK: = train.read @fc.weight : tensor<8x3xf32>
    %w = train.read @fc.weight : tensor<8x3xf32>
    %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x3xf32> -> tensor<4x3xf32>
    // CHECK: train.yield %{{.*}} : tensor<4x3xf32>
    train.yield %y : tensor<4x3xf32>
  }
  // CHECK: train.checkpoint -> tensor<4x3xf32> {
  %z = train.checkpoint -> tensor<4x3xf32> {
    %b = train.read @fc.bias : tensor<3xf32>
    %sum = train.add %logits, %b : tensor<4x3xf32>, tensor<3xf32> -> tensor<4x3xf32>
    train.yield %sum : tensor<4x3xf32>
  }
  %loss, %lse, %count = train.cross_entropy %z, %labels : tensor<4x3xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  // CHECK: train.return %{{.*}}, %{{.*}} : tensor<f32>, tensor<4x3xf32>
  train.return %loss, %z : tensor<f32>, tensor<4x3xf32>
}

// CHECK-LABEL: train.step @train(%xs: tensor<2x4x8xf32>, %lr: tensor<f32> learning_rate) -> (mean: tensor<f32>) micro_batches(2) {
train.step @train(%xs: tensor<2x4x8xf32>, %lr: tensor<f32> learning_rate) -> (mean: tensor<f32>) micro_batches(2) {
  %zero = train.constant dense<0.000000e+00> : tensor<f32>
  // CHECK: train.microbatch 2 streams(%{{.*}} = %{{.*}} : tensor<4x8xf32>) carry(%{{.*}} = %{{.*}} : tensor<f32>) {
  %total = train.microbatch 2 streams(%x = %xs : tensor<4x8xf32>) carry(%sum = %zero : tensor<f32>) {
    %mean = train.reduce_mean %x over [0, 1] : tensor<4x8xf32> -> tensor<f32>
    %next = train.add %sum, %mean : tensor<f32>, tensor<f32> -> tensor<f32>
    train.yield %next : tensor<f32>
  }
  %n = train.read @steps : tensor<i64>
  %m = train.increment %n : tensor<i64>
  // CHECK: train.write @steps, %{{.*}} : tensor<i64>
  train.write @steps, %m : tensor<i64>
  train.return %total : tensor<f32>
}

// CHECK-LABEL: train.eval @validate(%x: tensor<4x8xf32> batch(0)) -> (loss: tensor<f32>) {
train.eval @validate(%x: tensor<4x8xf32> batch(0)) -> (loss: tensor<f32>) {
  %loss = train.reduce_mean %x over [0, 1] : tensor<4x8xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.predict @infer(%x: tensor<4x8xf32> batch(0)) -> (y: tensor<4x8xf32>) {
train.predict @infer(%x: tensor<4x8xf32> batch(0)) -> (y: tensor<4x8xf32>) {
  // CHECK: train.fusion (%{{.*}} = %{{.*}} : tensor<4x8xf32>) -> tensor<4x8xf32> aliases [0] {
  %y = train.fusion (%a = %x : tensor<4x8xf32>) -> tensor<4x8xf32> aliases [0] {
    %b = train.exp %a : tensor<4x8xf32>
    %c = train.neg %b : tensor<4x8xf32>
    train.yield %c : tensor<4x8xf32>
  }
  train.return %y : tensor<4x8xf32>
}
