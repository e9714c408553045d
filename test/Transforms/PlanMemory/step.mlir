// What lives across steps comes first; views share their operand's bytes; updates are in their parameter's place;
// splats that only loops contain have no bytes; a program's storages reuse each other's bytes.
// RUN: train-opt --train-schedule --train-plan-memory %s | FileCheck %s

// CHECK: module attributes {train.arena_bytes = [[ARENA:[0-9]+]] : i64, train.lower_bound_bytes = [[ARENA]] : i64, train.random_key_offset = 16512 : i64
// CHECK-SAME: train.stage = #train<stage planned>, train.threads = 1 : i64
// CHECK: train.param @w {{.*}} {offset = 0 : i64}
train.param @w : tensor<64x64xf32> init(#train.zeros)
// CHECK: train.state counter @steps {{.*}} {offset = 16384 : i64}
train.state counter @steps : tensor<i64> init(#train.zeros)

// CHECK-LABEL: train.step @step
// CHECK-SAME: train.arg_offsets = array<i64: [[X:[0-9]+]], {{[0-9]+}}>
train.step @step(%x: tensor<64x64xf32>, %lr: tensor<f32> learning_rate) -> (out: tensor<64x64xf32>) {
  // The literal comes after the states, the key after the literal; dropout itself is not planned here. The update frees
  // its gradient, and is scheduled before what only stands earlier.
  // CHECK: train.read @w {train.offsets = array<i64: 0>}
  // CHECK: train.reshape %x {{.*}} {train.offsets = array<i64: [[X]]>}
  // CHECK: train.sgd {{.*}}train.offsets = array<i64: 0>
  %w = train.read @w : tensor<64x64xf32>
  %key = train.random_key : tensor<3xi64>
  // CHECK: train.random_key {train.offsets = array<i64: 16512>}
  %literal = train.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %v = train.reshape %x to [64, 64] : tensor<64x64xf32> -> tensor<64x64xf32>
  // CHECK: train.constant {train.offsets = array<i64: 16448>}
  %pad = train.pad %literal {low = array<i64: 0>, high = array<i64: 2>, interior = array<i64: 0>} : tensor<2xf32> -> tensor<4xf32>
  %padded = train.pad %pad {low = array<i64: 0>, high = array<i64: 2>, interior = array<i64: 0>} : tensor<4xf32> -> tensor<6xf32>
  %g = train.matmul %v, %v : tensor<64x64xf32>, tensor<64x64xf32> -> tensor<64x64xf32>
  %n = train.sgd %w, %g, lr %lr {weight_decay = 0.0 : f64} : tensor<64x64xf32>, tensor<64x64xf32>, tensor<f32>
  train.write @w, %n : tensor<64x64xf32>
  %c = train.read @steps : tensor<i64>
  // CHECK: train.increment {{.*}}train.offsets = array<i64: 16384>
  %next = train.increment %c : tensor<i64>
  train.write @steps, %next : tensor<i64>
  train.return %x : tensor<64x64xf32>
}
