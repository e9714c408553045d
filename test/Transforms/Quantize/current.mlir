// Scales by what the tensor holds: a number per tensor and step, and no state.
// RUN: train-opt --train-graph-pipeline=precision=fp8 --train-differentiate --cse --train-quantize=fp8-recipe=current %S/Inputs/layers.mlir | FileCheck %s

// CHECK-NOT: train.state
// CHECK-LABEL: train.step @step
// CHECK: %[[X:.*]] = train.cast %x : tensor<32x32xf32> -> tensor<32x32xbf16>
// CHECK: %[[L:.*]] = train.constant dense<4.480000e+02>
// CHECK: %[[A:.*]] = train.amax %[[X]]
// CHECK: %[[D:.*]] = train.div %[[L]], %[[A]]
// CHECK: %[[S:.*]] = train.clamp %[[D]]
// CHECK: %[[Q:.*]] = train.quantize %[[X]], %[[S]] {{.*}} -> tensor<32x32xf8E4M3FN>
// CHECK: train.dequantize %[[Q]], %[[S]]
// CHECK: train.constant {train.seed}
// CHECK: %[[LG:.*]] = train.constant dense<5.734400e+04>
// CHECK: train.quantize {{.*}} -> tensor<32x32xf8E5M2>
// CHECK: train.dequantize %[[Q]], %[[S]]
// CHECK-NOT: train.write
// CHECK-LABEL: train.eval @eval
// CHECK: train.amax
// CHECK: train.quantize
