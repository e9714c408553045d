// What no CPU kernel computes is refused by name at its place, never computed as something else.
// RUN: split-file --leading-lines %s %t
// RUN: not train-compile %t/matmul.mlir --emit=llvm --optimizer=sgd -o %t/out.ll 2>&1 | FileCheck %s --check-prefix=MATMUL
// RUN: not train-compile %t/packed.mlir --emit=llvm --optimizer=sgd -o %t/out.ll 2>&1 | FileCheck %s --check-prefix=PACKED
// RUN: not train-compile %t/symbol.mlir --emit=llvm --optimizer=sgd -o %t/out.ll 2>&1 | FileCheck %s --check-prefix=SYMBOL
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

//--- packed.mlir
train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @g(%x: tensor<2x4xf32> batch(0), %s: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %0 = train.quantize %x, %s : tensor<2x4xf32>, tensor<f32> -> tensor<2x4xf4E2M1FN>
  // PACKED: packed.mlir:[[@LINE+1]]:{{.*}}error: 'train.transpose' op has element type 'f4E2M1FN', for which the CPU has no kernel yet
  %1 = train.transpose %0 by [1, 0] : tensor<2x4xf4E2M1FN> -> tensor<4x2xf4E2M1FN>
  %2 = train.dequantize %1, %s : tensor<4x2xf4E2M1FN>, tensor<f32> -> tensor<4x2xf32>
  %3 = train.transpose %2 by [1, 0] : tensor<4x2xf32> -> tensor<2x4xf32>
  %4 = train.mul %3, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %5 = train.reduce_sum %4 over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %5 : tensor<f32>
}

//--- symbol.mlir
train.param @w : tensor<4xf32> init(#train.zeros)
// SYMBOL: symbol.mlir:[[@LINE+1]]:{{.*}}error: 'train.state' op has element type 'f8E4M3FN', which executables neither read nor write yet
train.state other @copy : tensor<4xf8E4M3FN> init(#train.zeros)
train.graph @g(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %0 = train.mul %x, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %1 = train.reduce_sum %0 over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %1 : tensor<f32>
}
