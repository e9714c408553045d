// What no CPU kernel computes is refused by name at its place, never computed as something else.
// RUN: split-file --leading-lines %s %t
// RUN: not train-compile %t/matmul.mlir --emit=llvm --optimizer=sgd -o %t/out.ll 2>&1 | FileCheck %s --check-prefix=MATMUL
// RUN: not train-compile %t/quantize.mlir --emit=llvm --optimizer=sgd -o %t/out.ll 2>&1 | FileCheck %s --check-prefix=QUANTIZE
// RUN: not ls %t/out.ll

//--- matmul.mlir
train.param @w : tensor<4x4xf32> init(#train.zeros)
train.graph @g(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x4xf32>
  %a = train.cast %x : tensor<2x4xf32> -> tensor<2x4xf64>
  %b = train.cast %w : tensor<4x4xf32> -> tensor<4x4xf64>
  // MATMUL: matmul.mlir:[[@LINE+1]]:{{.*}}error: 'train.matmul' op has element type 'f64', for which the CPU has no kernel yet
  %0 = train.matmul %a, %b : tensor<2x4xf64>, tensor<4x4xf64> -> tensor<2x4xf64>
  %1 = train.cast %0 : tensor<2x4xf64> -> tensor<2x4xf32>
  %2 = train.reduce_sum %1 over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %2 : tensor<f32>
}

//--- quantize.mlir
train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @g(%x: tensor<2x4xf32> batch(0), %s: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  // QUANTIZE: error: 'train.{{quantize|fusion}}' op has element type 'f8E4M3FN', for which no CPU kernel is generated
  %0 = train.quantize %x, %s : tensor<2x4xf32>, tensor<f32> -> tensor<2x4xf8E4M3FN>
  %1 = train.dequantize %0, %s : tensor<2x4xf8E4M3FN>, tensor<f32> -> tensor<2x4xf32>
  %2 = train.mul %1, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %3 = train.reduce_sum %2 over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %3 : tensor<f32>
}
