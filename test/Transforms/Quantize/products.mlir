// Which products are stored narrow: by layer, parameter, op and output, and each of the three apart.
// RUN: train-opt --train-autocast=type=fp8 %S/Inputs/layers.mlir | FileCheck %s --check-prefix=ALL
// ALL: train.matmul {{.*}} {train.gemm = {dgrad = "fp8", forward = "fp8", parameter = @w, weight = 1 : i64, wgrad = "fp8"}}
// ALL: train.matmul {{.*}} {train.gemm = {dgrad = "fp8", forward = "fp8", parameter = @v, weight = 1 : i64, wgrad = "fp8"}}
// ALL: train.matmul
// ALL-NOT: train.gemm

// RUN: train-opt --train-autocast="type=fp8 overrides=second:bf16,head:fp8,w.dgrad:bf16" %S/Inputs/layers.mlir | FileCheck %s --check-prefix=SOME
// SOME: train.matmul {{.*}} {train.gemm = {dgrad = "", forward = "fp8", parameter = @w, weight = 1 : i64, wgrad = "fp8"}}
// SOME: train.matmul
// SOME-NOT: train.gemm
// SOME: train.gelu
// SOME: train.matmul {{.*}} {train.gemm = {dgrad = "fp8", forward = "fp8", parameter = @head, weight = 1 : i64, wgrad = "fp8"}}

// A layer in fp4 in a program of f32, and the head named by the output it computes.
// RUN: train-opt --train-autocast="type=f32 overrides=second:fp4,z.wgrad:fp8" %S/Inputs/layers.mlir | FileCheck %s --check-prefix=WIDE
// WIDE: train.matmul {{.*}} : tensor<32x32xf32>
// WIDE: train.matmul {{.*}} {train.gemm = {dgrad = "fp4", forward = "fp4", parameter = @v, weight = 1 : i64, wgrad = "fp4"}} : tensor<32x64xbf16>
// WIDE: train.matmul {{.*}} {train.gemm = {dgrad = "", forward = "", parameter = @head, weight = 1 : i64, wgrad = "fp8"}} : tensor<32x32xbf16>

// The marks of the other two products, which differentiation makes.
// RUN: train-opt --train-autocast=type=fp8 --train-differentiate %S/Inputs/layers.mlir | FileCheck %s --check-prefix=ADJOINT
// ADJOINT-LABEL: train.step @step
// ADJOINT: train.constant {train.seed}
// ADJOINT: train.matmul {{.*}} {train.gemm = {dgrad = "fp8", gradient = 0 : i64, parameter = @v}, train.layer = "second", transpose_rhs}
// ADJOINT: train.matmul {{.*}} {result_type = f32, train.gemm = {gradient = 1 : i64, parameter = @v, wgrad = "fp8"}, train.layer = "second", transpose_lhs}
// The input of the graph wants no derivative.
// ADJOINT: train.matmul {{.*}} {result_type = f32, train.gemm = {gradient = 1 : i64, parameter = @w, wgrad = "fp8"}, transpose_lhs}
// ADJOINT-NOT: train.gemm = {dgrad

// One product alone: only that one is rewritten, and nothing is kept narrow for it that another could not read.
// RUN: train-opt --train-graph-pipeline="precision=fp8 precision-overrides=matmul.forward:bf16,matmul.wgrad:bf16" --train-differentiate --cse --train-quantize %S/Inputs/layers.mlir | FileCheck %s --check-prefix=DGRAD
// DGRAD-LABEL: train.step @step
// DGRAD-NOT: train.quantize
// DGRAD: train.constant {train.seed}
// DGRAD: train.gelu_backward
// DGRAD: train.quantize {{.*}} -> tensor<32x32xf8E5M2>
// DGRAD: train.quantize {{.*}} -> tensor<64x32xf8E4M3FN>
// DGRAD-NOT: train.quantize
// DGRAD-LABEL: train.eval
