// What an update waits for besides its gradient, reads and scalars that stand after all gradients, doesn't hold it back:
// the pipeline's own step, where every gradient but the first would otherwise be alive at the end.
// RUN: train-models mlp --widths=64,64,64,64 --batch=8 | train-opt --train-graph-pipeline --train-step-pipeline --train-fuse-pipeline -o %t.mlir
// RUN: FileCheck --check-prefix=GIVEN %s < %t.mlir
// RUN: train-opt --train-schedule %t.mlir | FileCheck %s

// GIVEN-LABEL: train.step @step
// GIVEN: train.matmul %{{.*}}, %{{.*}} {{{.*}}transpose_lhs}
// GIVEN-NOT: train.adamw
// GIVEN: train.matmul %{{.*}}, %{{.*}} {{{.*}}transpose_lhs}
// GIVEN-NOT: train.adamw
// GIVEN: train.matmul %{{.*}}, %{{.*}} {{{.*}}transpose_lhs}
// GIVEN: train.bias_correction

// CHECK-LABEL: train.step @step
// CHECK: %[[LAST:.*]] = train.matmul %{{.*}}, %{{.*}} {{{.*}}transpose_lhs}
// CHECK: train.adamw %{{.*}}, %[[LAST]]
// CHECK: %[[MIDDLE:.*]] = train.matmul %{{.*}}, %{{.*}} {{{.*}}transpose_lhs}
// CHECK: train.adamw %{{.*}}, %[[MIDDLE]]
// CHECK: %[[FIRST:.*]] = train.matmul %{{.*}}, %{{.*}} {{{.*}}transpose_lhs}
// CHECK: train.adamw %{{.*}}, %[[FIRST]]
