// Steps carry the writes of one into the next; the learning rate, the step in the random key and the hash follow.
// RUN: train-interp %s --steps=3 --lr=0.25 --print=outputs,params,hash | FileCheck %s
// RUN: train-interp %s --steps=3 --lr=0.25 --print=hash > %t.1
// RUN: train-interp %s --steps=3 --lr=0.25 --print=hash --mode=native > %t.2
// RUN: diff %t.1 %t.2
// RUN: train-interp %s --steps=3 --lr=0.5 --print=hash > %t.3
// RUN: not diff %t.1 %t.3

train.param @w : tensor<2xf32> init(#train.constant<1.0>)
train.state counter @steps : tensor<i64> init(#train.zeros)

train.step @s(%lr: tensor<f32> learning_rate) -> (key: tensor<3xi64>, old: tensor<2xf32>) {
  %w = train.read @w : tensor<2xf32>
  %n = train.read @steps : tensor<i64>
  %new = train.sgd %w, %w, lr %lr {weight_decay = 0.0 : f64} : tensor<2xf32>, tensor<2xf32>, tensor<f32>
  %next = train.increment %n : tensor<i64>
  %key = train.random_key : tensor<3xi64>
  train.write @w, %new : tensor<2xf32>
  train.write @steps, %next : tensor<i64>
  train.return %key, %w : tensor<3xi64>, tensor<2xf32>
}
// Every value is exact in f32, so both modes agree to the bit.
// CHECK: step 1 key : tensor<3xi64> = [1, 0, 0]
// CHECK-NEXT: step 1 old : tensor<2xf32> = [1, 1]
// CHECK-NEXT: hash 1 [[FIRST:[0-9a-f]{16}$]]
// CHECK-NEXT: step 2 key : tensor<3xi64> = [1, 1, 0]
// CHECK-NEXT: step 2 old : tensor<2xf32> = [0.75, 0.75]
// CHECK-NOT: hash 2 [[FIRST]]
// CHECK: step 3 old : tensor<2xf32> = [0.5625, 0.5625]
// CHECK: @steps : tensor<i64> = 3
// CHECK-NEXT: @w : tensor<2xf32> = [0.421875, 0.421875]
