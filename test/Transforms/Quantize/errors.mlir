// RUN: not train-opt --train-quantize=fp8-recipe=delay %S/Inputs/layers.mlir 2>&1 | FileCheck %s --check-prefix=SLIP
// SLIP: error: unknown fp8 recipe 'delay', did you mean 'delayed'?
// RUN: not train-opt --train-quantize=fp4-recipe=int4 %S/Inputs/layers.mlir 2>&1 | FileCheck %s --check-prefix=RECIPE
// RECIPE: error: unknown fp4 recipe 'int4'; there are nvfp4, mxfp4
// RUN: not train-opt --train-quantize=history=1025 %S/Inputs/layers.mlir 2>&1 | FileCheck %s --check-prefix=HISTORY
// HISTORY: error: a delayed scale follows the last 1 to 1024 steps, got 1025
// RUN: not train-opt --train-quantize=margin=65 %S/Inputs/layers.mlir 2>&1 | FileCheck %s --check-prefix=MARGIN
// MARGIN: error: the margin of a delayed scale is from -64 to 64, got 65
// RUN: not train-opt --train-quantize %S/Inputs/layers.mlir 2>&1 | FileCheck %s --check-prefix=NOSTEP
// NOSTEP: error: there is no train.step to quantize products in

// A name that is taken.
// RUN: sed 's/^train.param @head/train.state other @v.weight_scale : tensor<f32> init(#train.zeros)\ntrain.param @head/' %S/Inputs/layers.mlir | not train-opt --train-graph-pipeline=precision=fp8 --train-differentiate --cse --train-quantize 2>&1 | FileCheck %s --check-prefix=TAKEN
// TAKEN: error: 'train.state' op has the name of a state of delayed scaling, 'v.weight_scale'
// TAKEN: note: the scale is for products with this

// Quantized once: the marks are gone, and a second time changes nothing.
// RUN: train-opt --train-graph-pipeline=precision=fp8 --train-differentiate --cse --train-quantize %S/Inputs/layers.mlir -o %t.once
// RUN: train-opt --train-quantize %t.once | diff %t.once -

// Marks that somebody else wrote.
// RUN: sed 's/train.matmul %x, %w/train.matmul %x, %w {train.gemm = 3 : i64}/' %S/Inputs/layers.mlir | train-opt --train-differentiate --cse --train-quantize | FileCheck %s --check-prefix=OTHER
// OTHER-LABEL: train.step @step
// OTHER-NOT: train.quantize

// RUN: sed 's/train.matmul %x, %w/train.matmul %x, %w {train.gemm = {parameter = @no, weight = 1 : i64, forward = "fp8"}}/' %S/Inputs/layers.mlir | not train-opt --train-differentiate --cse --train-quantize 2>&1 | FileCheck %s --check-prefix=NOPARAM
// NOPARAM: error: a product is marked to be one with @no, which is no parameter
// RUN: sed 's/train.matmul %x, %w/train.matmul %x, %w {train.gemm = {parameter = @w, weight = 0 : i64, forward = "fp8"}}/' %S/Inputs/layers.mlir | not train-opt --train-differentiate --cse --train-quantize 2>&1 | FileCheck %s --check-prefix=NOREAD
// NOREAD: error: 'train.matmul' op is marked 'train.gemm' and does not read its parameter
// RUN: sed 's/train.relu %y/train.relu %y {train.gemm = {parameter = @w, weight = 0 : i64, forward = "fp8"}}/' %S/Inputs/layers.mlir | not train-opt --train-differentiate --cse --train-quantize 2>&1 | FileCheck %s --check-prefix=NOSUM
// NOSUM: error: 'train.relu' op is marked 'train.gemm' and sums no products over one dimension
// RUN: sed 's/train.matmul %x, %w/train.matmul %x, %w {train.gemm = {parameter = @w, weight = 1 : i64, forward = "fp6"}}/' %S/Inputs/layers.mlir | train-opt --train-differentiate --cse --train-quantize | FileCheck %s --check-prefix=OTHER

// What does not divide into blocks stays wide, with a remark; what nothing is left of is a warning.
// RUN: train-models mlp --widths 8,48,16,4 --batch 4 | train-compile - --dry-run --remarks --precision=fp8 --fp8-recipe=mxfp8 2>&1 | FileCheck %s --check-prefix=DIVIDE
// DIVIDE: the forward product with @{{.*}} stays wide: its input does not divide into blocks of 32
// RUN: train-models resnet --size=18 --image=32 --batch=2 | train-compile - --dry-run --precision=fp8 2>&1 | FileCheck %s --check-prefix=CONV
// CONV: warning: {{.*}}has no product of a matrix with a parameter before the last one, which stays in bf16: nothing is stored in fp8
