// The op of docs/adding-an-op.md, in its own shared library: differentiated, fused, planned and trained like ours, and
// equal to its formula written in ops of the train dialect.
// RUN: train-opt --load-dialect-plugin=%build/lib/Softplus.so --train-step-pipeline=optimizer=sgd %s | FileCheck %s
// RUN: train-opt --load-dialect-plugin=%build/lib/Softplus.so --train-pipeline=optimizer=sgd %s | FileCheck %s --check-prefix=PLANNED
// RUN: train-opt --load-dialect-plugin=%build/lib/Softplus.so --train-check-passes --train-pipeline=optimizer=sgd %s -o /dev/null

// The whole road, beside the same model in other words. The losses agree to the digits that training prints.
// RUN: train-compile --load-dialect-plugin=%build/lib/Softplus.so %s -o %t --optimizer=sgd
// RUN: train-compile %S/Inputs/formula.mlir -o %t.formula --optimizer=sgd
// RUN: mkdir -p %t.data
// RUN: %python %S/../Driver/Inputs/arrays.py %t.data
// RUN: %t --data=x:%t.data/x.npy --data=t:%t.data/target.npy --steps=20 --lr=0.1 --log=%t.jsonl
// RUN: %t.formula --data=x:%t.data/x.npy --data=t:%t.data/target.npy --steps=20 --lr=0.1 --log=%t.formula.jsonl
// RUN: %python %S/Inputs/same_losses.py %t.jsonl %t.formula.jsonl | FileCheck %s --check-prefix=LOSSES
// LOSSES: 20 losses within 1e-05

// Without the plugin the op is unknown, and says so.
// RUN: not train-compile %s -o %t.unknown 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: {{.*}}example
// RUN: not train-opt --load-dialect-plugin=%t.absent.so %s 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: %exits 3 train-compile --load-dialect-plugin=%t.absent.so %s -o %t.unknown 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: error: cannot load the plugin {{.*}}absent.so

train.param @w : tensor<8x4xf32> init(#train.uniform<-0.5, 0.5>)
train.graph @g(%x: tensor<4x8xf32> batch(0), %t: tensor<4x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<8x4xf32>
  %h = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  %y = example.softplus %h : tensor<4x4xf32>
  %loss = train.mse %y, %t : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
// CHECK-LABEL: train.step @step
// CHECK: %[[H:.*]] = train.matmul
// CHECK: example.softplus %[[H]]
// CHECK: %[[SLOPE:.*]] = train.sigmoid %[[H]]
// CHECK: train.mul %{{.*}}, %[[SLOPE]]
// PLANNED-LABEL: train.step @step
// PLANNED: train.fusion
// PLANNED: example.softplus
