// Scales that follow the last steps: states, read at the start of the step and written at its end.
// RUN: train-opt --train-graph-pipeline=precision=fp8 --train-differentiate --cse --train-quantize="history=4 margin=1" --train-working-copies %S/Inputs/layers.mlir | FileCheck %s
// RUN: train-opt --train-graph-pipeline=precision=fp8 --train-step-pipeline="fp8-history=4 fp8-margin=1" %S/Inputs/layers.mlir | FileCheck %s --check-prefix=PIPELINE

// Only the head, which stays wide, has a working copy.
// CHECK: train.state copy @head.copy
// CHECK-NOT: train.state copy
// CHECK: train.state other @w.input_scale of @w : tensor<f32> init(#train.constant<1.000000e+00 : f64>)
// CHECK: train.state other @w.input_amax of @w : tensor<4xf32> init(#train.zeros)
// CHECK: train.state other @w.weight_scale of @w
// CHECK: train.state other @w.weight_amax of @w
// CHECK: train.state other @v.output_grad_scale of @v
// CHECK: train.state other @v.output_grad_amax of @v

// CHECK-LABEL: train.step @step
// CHECK-DAG: %[[GW:.*]] = train.read @w.output_grad_scale
// CHECK-DAG: %[[GV:.*]] = train.read @v.output_grad_scale
// CHECK-DAG: %[[SV:.*]] = train.read @v.weight_scale
// CHECK-DAG: %[[SW:.*]] = train.read @w.weight_scale
// CHECK-DAG: %[[IW:.*]] = train.read @w.input_scale
// The input is stored in fp8, once; the weight is rounded from f32 where it is read.
// CHECK: %[[X:.*]] = train.cast %x : tensor<32x32xf32> -> tensor<32x32xbf16>
// CHECK: %[[Q:.*]] = train.quantize %[[X]], %[[IW]] : tensor<32x32xbf16>, tensor<f32> -> tensor<32x32xf8E4M3FN>
// CHECK: %[[A:.*]] = train.amax %[[X]] : tensor<32x32xbf16> -> tensor<f32>
// CHECK: %[[XQ:.*]] = train.dequantize %[[Q]], %[[IW]] : tensor<32x32xf8E4M3FN>, tensor<f32> -> tensor<32x32xbf16>
// CHECK: %[[WQ:.*]] = train.quantize %{{.*}}, %[[SW]] {train.at_use} : tensor<32x64xf32>, tensor<f32> -> tensor<32x64xf8E4M3FN>
// CHECK: %[[W:.*]] = train.dequantize %[[WQ]], %[[SW]] {train.at_use}
// CHECK: train.matmul %[[XQ]], %[[W]] : tensor<32x32xbf16>, tensor<32x64xbf16> -> tensor<32x64xbf16>
// CHECK: %[[R:.*]] = train.relu
// The head is as it was.
// CHECK: %[[H:.*]] = train.read @head.copy
// CHECK: train.matmul %{{.*}}, %[[H]]
// CHECK: train.constant {train.seed}
// An output gradient is stored in f8E5M2, and read from there by both products.
// CHECK: %[[D:.*]] = train.gelu_backward
// CHECK: %[[DQ:.*]] = train.quantize %[[D]], %[[GV]] {{.*}} -> tensor<32x32xf8E5M2>
// CHECK: %[[D1:.*]] = train.dequantize %[[DQ]], %[[GV]]
// CHECK: %[[V1:.*]] = train.quantize %{{.*}}, %[[SV]] {train.at_use, train.layer = "second"} : tensor<64x32xf32>
// CHECK: %[[V:.*]] = train.dequantize %[[V1]], %[[SV]]
// CHECK: train.matmul %[[D1]], %[[V]] {train.layer = "second", transpose_rhs}
// relu's derivative reads its result in any case: quantized again, instead of kept twice.
// CHECK: %[[R1:.*]] = train.quantize %[[R]],
// CHECK: %[[R2:.*]] = train.dequantize %[[R1]],
// CHECK: %[[D2:.*]] = train.dequantize %[[DQ]], %[[GV]]
// CHECK: train.matmul %[[R2]], %[[D2]] {result_type = f32, train.layer = "second", transpose_lhs}
// Backward reads the input from fp8, by a dequantize of its own.
// CHECK: %[[X2:.*]] = train.dequantize %[[Q]], %[[IW]]
// CHECK: train.matmul %[[X2]], %{{.*}} {result_type = f32, transpose_lhs}
// CHECK: %[[HI:.*]] = train.read @w.input_amax : tensor<4xf32>
// CHECK: %[[N:.*]], %[[S:.*]] = train.delayed_scale %[[HI]], %[[IW]], %[[A]] {largest = 4.480000e+02 : f64, margin = 1 : i64}
// CHECK: train.write @w.input_amax, %[[N]]
// CHECK: train.write @w.input_scale, %[[S]]
// CHECK: train.delayed_scale {{.*}} {largest = 5.734400e+04 : f64, margin = 1 : i64}

// Evaluation reads the scales and writes nothing.
// CHECK-LABEL: train.eval @eval
// CHECK: train.quantize
// CHECK-NOT: train.amax
// CHECK-NOT: train.write
// CHECK-LABEL: train.predict @predict
// CHECK: train.read @w.input_scale
// CHECK: train.quantize {{.*}} -> tensor<1x32xf8E4M3FN>
// CHECK-NOT: train.write

// PIPELINE-LABEL: train.step @step
// PIPELINE: train.delayed_scale {{.*}} {largest = 4.480000e+02 : f64, margin = 1 : i64} : tensor<4xf32>
