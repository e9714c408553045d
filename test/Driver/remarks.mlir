// Each decision of the planner and of the loss's chunks is a remark at its source.
// RUN: train-compile %s --dry-run --threads=2 --remat=selective:gelu --remarks 2>&1 | FileCheck %s --check-prefix=RULE
// RUN: train-compile %s --dry-run --threads=2 --remarks 2>&1 | FileCheck %s --check-prefix=NONE --implicit-check-not=Recomputed
// RUN: train-compile %s --dry-run --threads=2 --loss-chunk=16 --remarks 2>&1 | FileCheck %s --check-prefix=CHUNK
// RUN: train-compile %s --dry-run --threads=2 > %t 2>&1 && not grep remark %t

// RULE-DAG: remarks.mlir:[[#@LINE+22]]:25: remark: [Missed] ChunkedLoss | Category:train-chunk-loss | {{.*}}all 64 rows in one piece
// RULE-DAG: remarks.mlir:[[#@LINE+18]]:8: remark: [Passed] Recomputed | Category:train-plan-residency | {{.*}}is computed again{{.*}}bytes=16384
// RULE-DAG: remarks.mlir:[[#@LINE+15]]:8: remark: [Missed] Kept | Category:train-plan-residency | {{.*}}is kept: executions that would have it again: 1{{.*}}bytes=16384
// RULE-DAG: remark: [Analysis] ResidencyPlanned | {{.*}}: 1 of {{[0-9]+}} executions are repetitions
// RULE-DAG: remark: [Analysis] ArenaPlanned | Category:train-plan-memory
// RULE-DAG: remark: [Passed] Scheduled | Category:train-schedule

// NONE-DAG: remarks.mlir:[[#@LINE+10]]:8: remark: [Missed] Kept | {{.*}}is kept: executions that would have it again: 1{{.*}}bytes=16384
// NONE-DAG: remarks.mlir:[[#@LINE+11]]:8: remark: [Missed] Kept | {{.*}}is kept: executions that would have it again: 1{{.*}}bytes=16384

// CHUNK: remarks.mlir:[[#@LINE+12]]:25: remark: [Passed] ChunkedLoss | {{.*}}split 64 rows into chunks of 16

train.param @a : tensor<32x64xf32> init(#train.normal<0.0, 0.1>)
train.param @b : tensor<64x40xf32> init(#train.normal<0.0, 0.1>)
train.graph @net(%x: tensor<64x32xf32> batch(0), %y: tensor<64xi32> batch(0)) -> (loss: tensor<f32>) {
  %a = train.read @a : tensor<32x64xf32>
  %b = train.read @b : tensor<64x40xf32>
  %h = train.matmul %x, %a : tensor<64x32xf32>, tensor<32x64xf32> -> tensor<64x64xf32>

  %g = train.gelu tanh %h : tensor<64x64xf32>

  %z = train.matmul %g, %b : tensor<64x64xf32>, tensor<64x40xf32> -> tensor<64x40xf32>
  %loss, %lse, %count = train.cross_entropy %z, %y : tensor<64x40xf32>, tensor<64xi32> -> tensor<f32>, tensor<64xf32>, tensor<f32>
  train.return %loss : tensor<f32>
}
