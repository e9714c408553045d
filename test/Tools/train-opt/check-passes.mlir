// --train-check-passes names the pass that changed a result, and only then the exit code is an error's.
// RUN: train-opt --load-pass-plugin=%build/lib/WrongPass.so --test-wrong-pass %s | FileCheck %s --check-prefix=UNCHECKED
// UNCHECKED: train.sub %{{.*}}, %x
// RUN: %exits 1 train-opt --load-pass-plugin=%build/lib/WrongPass.so --train-check-passes --cse --test-wrong-pass --canonicalize %s -o %t 2>&1 | FileCheck %s
// CHECK: check-passes.mlir:[[#@LINE+10]]:1: error: {{.*}}loss
// CHECK: error: pass 'test-wrong-pass' promises to preserve every program's meaning, and changed it
// CHECK-NOT: error:
// RUN: not ls %t
// RUN: train-opt --train-check-passes --train-pipeline --cse --canonicalize %s -o %t
// RUN: ls %t
// RUN: train-compile --check-passes --dry-run --emit=object %s

train.param @w : tensor<4xf32> init(#train.constant<1.0>)

train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %d = train.sub %x, %w : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %e = train.exp %d : tensor<4xf32>
  %loss = train.reduce_sum %e over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
