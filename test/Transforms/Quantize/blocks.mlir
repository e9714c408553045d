// Blocks stand along the summed dimension: an input has one form for the product and one for the weight gradient, which is
// the one that lives until backward.
// RUN: train-opt --train-graph-pipeline=precision=fp8 --train-differentiate --cse --train-quantize=fp8-recipe=mxfp8 %S/Inputs/layers.mlir | FileCheck %s --check-prefixes=CHECK,MXFP8
// RUN: train-opt --train-graph-pipeline=precision=fp4 --train-differentiate --cse --train-quantize=fp4-recipe=mxfp4 %S/Inputs/layers.mlir | FileCheck %s --check-prefixes=CHECK,MXFP4
// RUN: train-opt --train-graph-pipeline=precision=fp4 --train-differentiate --cse --train-quantize %S/Inputs/layers.mlir | FileCheck %s --check-prefix=NVFP4

// CHECK-NOT: train.state
// CHECK-LABEL: train.step @step
// CHECK: %[[X:.*]] = train.cast %x
// MXFP8: %[[ROWS:.*]], %[[RS:.*]] = train.quantize_blocks %[[X]] : tensor<32x32xbf16> -> tensor<32x32xf8E4M3FN>, tensor<1x32xf8E8M0FNU>
// MXFP8: %[[COLUMNS:.*]], %[[CS:.*]] = train.quantize_blocks %[[X]] : tensor<32x32xbf16> -> tensor<32x32xf8E4M3FN>, tensor<32x1xf8E8M0FNU>
// MXFP4: %[[ROWS:.*]], %[[RS:.*]] = train.quantize_blocks %[[X]] : tensor<32x32xbf16> -> tensor<32x32xf4E2M1FN>, tensor<1x32xf8E8M0FNU>
// MXFP4: %[[COLUMNS:.*]], %[[CS:.*]] = train.quantize_blocks %[[X]] : tensor<32x32xbf16> -> tensor<32x32xf4E2M1FN>, tensor<32x1xf8E8M0FNU>
// CHECK: %[[XQ:.*]] = train.dequantize_blocks %[[COLUMNS]], %[[CS]]
// The weight has blocks along its rows forward, along its columns in the data gradient.
// CHECK: %[[WQ:.*]], %[[WS:.*]] = train.quantize_blocks {{.*}} {train.at_use} : tensor<32x64xf32> -> {{.*}}, tensor<1x64xf8E8M0FNU>
// CHECK: %[[W:.*]] = train.dequantize_blocks %[[WQ]], %[[WS]]
// CHECK: train.matmul %[[XQ]], %[[W]]
// CHECK: train.constant {train.seed}
// MXFP8: train.quantize_blocks {{.*}} {train.layer = "second"}
// Gradients of 4 bits are rounded at random, each form by numbers of its own.
// MXFP4: train.quantize_blocks {{.*}} random %{{.*}} : tensor<3xi64>, {samples = 32 : i64, site = 1 : i64, train.layer = "second"} {{.*}}, tensor<1x32xf8E8M0FNU>
// MXFP4: train.quantize_blocks {{.*}} random %{{.*}} : tensor<3xi64>, {samples = 32 : i64, site = 0 : i64, train.layer = "second"} {{.*}}, tensor<32x1xf8E8M0FNU>
// CHECK: train.quantize_blocks {{.*}} {train.at_use, train.layer = "second"} : tensor<64x32xf32> -> {{.*}}, tensor<64x1xf8E8M0FNU>
// CHECK: %[[X2:.*]] = train.dequantize_blocks %[[ROWS]], %[[RS]]
// CHECK: train.matmul %[[X2]], %{{.*}} {result_type = f32, transpose_lhs}
// CHECK-LABEL: train.eval @eval
// CHECK: train.quantize_blocks

// In NVFP4 rows of the weight gradient's operands are multiplied by one orthogonal matrix before, 16 at a time.
// NVFP4-LABEL: train.step @step
// NVFP4: %[[X:.*]] = train.cast %x
// NVFP4: %[[H:.*]] = train.constant dense<{{.*}}> : tensor<16x16xbf16>
// NVFP4: %[[B:.*]] = train.reshape %[[X]] to [2, 16, 32]
// NVFP4: %[[R:.*]] = train.matmul %[[H]], %[[B]] : tensor<16x16xbf16>, tensor<2x16x32xbf16> -> tensor<2x16x32xbf16>
// NVFP4: %[[L:.*]] = train.constant dense<2.688000e+03>
// NVFP4: %[[A:.*]] = train.amax %[[R]]
// NVFP4: %[[D:.*]] = train.div %[[L]], %[[A]]
// NVFP4: %[[S:.*]] = train.clamp %[[D]]
// NVFP4: %[[Q:.*]], %[[QS:.*]] = train.quantize_blocks %{{.*}} scale %[[S]] : tensor<f32>, : tensor<32x32xbf16> -> tensor<32x32xf4E2M1FN>, tensor<2x32xf8E4M3FN>
// NVFP4: train.quantize_blocks %[[X]] scale %{{.*}} : tensor<f32>, : tensor<32x32xbf16> -> tensor<32x32xf4E2M1FN>, tensor<32x2xf8E4M3FN>
// Blocks of weights are square.
// NVFP4: train.quantize_blocks {{.*}} {train.at_use} : tensor<32x64xf32> -> tensor<32x64xf4E2M1FN>, tensor<2x4xf8E4M3FN>
// NVFP4: train.constant {train.seed}
// NVFP4: train.quantize_blocks {{.*}} random
// NVFP4: %[[X2:.*]] = train.dequantize_blocks %[[Q]], %[[QS]] scale %[[S]]
// NVFP4: train.matmul %[[X2]], %{{.*}} {result_type = f32, transpose_lhs}
// NVFP4-LABEL: train.eval @eval
