// Which program runs, and what is printed of it.
// RUN: train-interp %s | FileCheck %s --check-prefix=STEP
// RUN: train-interp %s --program=plain | FileCheck %s --check-prefix=GRAPH
// RUN: train-interp %s --program=plain --elements=2 | FileCheck %s --check-prefix=SHORT
// RUN: train-interp - --program=plain --hex < %s | FileCheck %s --check-prefix=HEX
// RUN: not train-interp %s --program=plian 2>&1 | FileCheck %s --check-prefix=NEAR
// RUN: train-interp %s --mode=native --program=half | FileCheck %s --check-prefix=NATIVE
// RUN: train-interp %s --mode=f64 --program=half | FileCheck %s --check-prefix=F64

train.param @w : tensor<3xf32> init(dense<[0.5, 1.0, 0.1]> : tensor<3xf32>)

train.graph @plain() -> (loss: tensor<f32>, three: tensor<3xf32>, flags: tensor<2xi1>) {
  %w = train.read @w : tensor<3xf32>
  %loss = train.reduce_sum %w over [0] : tensor<3xf32> -> tensor<f32>
  %flags = train.constant dense<[true, false]> : tensor<2xi1>
  train.return %loss, %w, %flags : tensor<f32>, tensor<3xf32>, tensor<2xi1>
}
// f64 mode shows the f32 nearest to 0.1 for what it is.
// GRAPH: loss : tensor<f32> = 1.6000000014901161
// GRAPH-NEXT: three : tensor<3xf32> = [0.5, 1, 0.10000000149011612]
// GRAPH-NEXT: flags : tensor<2xi1> = [1, 0]
// GRAPH-NOT: {{.}}
// SHORT: three : tensor<3xf32> = [0.5, 1, ... 1 more]
// HEX: three : tensor<3xf32> = [0x1p-1, 0x1p+0, 0x1.99999ap-4]
// NEAR: train-interp: error: {{.*}} has no program named 'plian', did you mean 'plain'?

train.predict @half() -> (y: tensor<f16>) {
  %big = train.constant dense<2048.0> : tensor<f16>
  %one = train.constant dense<1.0> : tensor<f16>
  %y = train.add %big, %one : tensor<f16>, tensor<f16> -> tensor<f16>
  train.return %y : tensor<f16>
}
// NATIVE: y : tensor<f16> = 2048
// F64: y : tensor<f16> = 2049

train.step @step() -> (count: tensor<i64>) {
  %count = train.constant dense<7> : tensor<i64>
  train.return %count : tensor<i64>
}
// STEP: count : tensor<i64> = 7
