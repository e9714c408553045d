// What each optimizer adds: slots, scalars, updates, writes.
// RUN: train-opt --train-differentiate --train-optimizer="kind=sgd weight-decay=0.1" %s | FileCheck %s --check-prefixes=CHECK,SGD
// RUN: train-opt --train-differentiate --train-optimizer="kind=momentum beta1=0.8" %s | FileCheck %s --check-prefixes=CHECK,MOMENTUM
// RUN: train-opt --train-differentiate --train-optimizer="kind=adam weight-decay=0.1" %s | FileCheck %s --check-prefixes=CHECK,ADAM
// RUN: train-opt --train-differentiate --train-optimizer="kind=adamw weight-decay=0.1 beta2=0.95 eps=1e-6" %s | FileCheck %s --check-prefixes=CHECK,ADAMW

train.param @w : tensor<4xf32> init(#train.zeros)
train.param @b : tensor<4xf32> init(#train.zeros) {no_decay}

// CHECK: train.state counter @train.step_count : tensor<i64> init(#train.zeros)
// SGD-NOT: train.state
// MOMENTUM: train.state optimizer @w.velocity of @w : tensor<4xf32> init(#train.zeros)
// MOMENTUM: train.state optimizer @b.velocity of @b
// ADAM: train.state optimizer @w.m of @w : tensor<4xf32> init(#train.zeros)
// ADAM: train.state optimizer @w.v of @w : tensor<4xf32> init(#train.zeros)
train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %b = train.read @b : tensor<4xf32>
  %0 = train.mul %w, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %1 = train.add %0, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %loss = train.reduce_sum %1 over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK-SAME: %lr: tensor<f32> learning_rate) -> (loss: tensor<f32>)
// CHECK: %[[COUNT:.*]] = train.read @train.step_count
// ADAMW-DAG: %[[C1:.*]] = train.bias_correction %[[COUNT]] {beta = 9.000000e-01 : f64}
// ADAMW-DAG: %[[C2:.*]] = train.bias_correction %[[COUNT]] {beta = 0.9{{4999.*|5.*}} : f64}
// CHECK: %[[NEXT:.*]] = train.increment %[[COUNT]]
// CHECK: train.write @train.step_count, %[[NEXT]]
// CHECK: %[[W:.*]] = train.read @w :
// SGD: %[[NEW:.*]] = train.sgd %[[W]], %{{.*}}, lr %lr {weight_decay = 1.000000e-01 : f64}
// SGD: train.write @w, %[[NEW]]
// SGD: train.sgd {{.*}} {weight_decay = 0.000000e+00 : f64}
// MOMENTUM: %[[V:.*]] = train.read @w.velocity
// MOMENTUM: %[[NEW:.*]], %[[NEWV:.*]] = train.momentum %[[W]], %{{.*}}, %[[V]], lr %lr {beta = 8.000000e-01 : f64
// MOMENTUM: train.write @w, %[[NEW]]
// MOMENTUM: train.write @w.velocity, %[[NEWV]]
// ADAM: train.adamw {{.*}} l2, weight_decay = 1.000000e-01
// ADAM: train.adamw {{.*}} l2, weight_decay = 0.000000e+00
// ADAMW: %[[M:.*]] = train.read @w.m
// ADAMW: %[[V:.*]] = train.read @w.v
// ADAMW: %[[NEW:.*]], %[[NEWM:.*]], %[[NEWV:.*]] = train.adamw %[[W]], %{{.*}}, %[[M]], %[[V]], corrections %[[C1]], %[[C2]], lr %lr
// ADAMW-NOT: l2
// ADAMW-SAME: weight_decay = 1.000000e-01
// ADAMW: train.write @w, %[[NEW]]
// ADAMW: train.write @w.m, %[[NEWM]]
// ADAMW: train.write @w.v, %[[NEWV]]
