// Under accumulation a delayed scale follows the largest magnitude of all micro-batches; weights are quantized in the loop, where they are
// read, their magnitudes taken once before it.
// RUN: train-opt --train-graph-pipeline=precision=fp8 --train-differentiate --cse --train-quantize --train-working-copies --train-accumulate=count=2 %S/Inputs/layers.mlir | FileCheck %s

// CHECK-LABEL: train.step @step
// CHECK-DAG: %[[SCALE:.*]] = train.read @w.input_scale
// CHECK-DAG: %[[W:.*]] = train.read @w : tensor<32x64xf32>
// CHECK: %[[AW:.*]] = train.amax %[[W]]
// CHECK-NOT: train.quantize
// CHECK: dense<0xFF800000> : tensor<f32>
// CHECK: train.microbatch 2
// CHECK: train.quantize %{{.*}}, %[[SCALE]]
// CHECK: %[[AX:.*]] = train.amax
// CHECK: train.quantize %[[W]]
// CHECK: train.max %{{.*}}, %[[AX]] : tensor<f32>, tensor<f32>
// CHECK: train.yield
// CHECK: train.delayed_scale %{{.*}}, %[[SCALE]], %{{.*}}#
// CHECK: train.delayed_scale %{{.*}}, %{{.*}}, %[[AW]]
