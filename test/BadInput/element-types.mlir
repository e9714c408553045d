// Element types that the CPU has no kernel for are refused at the op.
// RUN: sed s/TYPE/f64/g %s | not train-compile - --dry-run 2>&1 | FileCheck %s --check-prefix=LIBRARY --implicit-check-not=error:
// RUN: sed s/TYPE/f64/g %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=LIBRARY --implicit-check-not=error:
// LIBRARY: <stdin>:15:8: error: 'train.matmul' op has element type 'f64', for which the CPU has no kernel yet
// RUN: sed s/TYPE/i32/g %s | not train-compile - -o %t 2>&1 | FileCheck %s --check-prefix=INTEGER --implicit-check-not=error:
// INTEGER: <stdin>:15:8: error: 'train.matmul' op operand #0 must be {{.*}}, but got 'tensor<4x4xi32>'
// RUN: not ls %t

// The line numbers above count from the top of this file.

train.param @w : tensor<4x4xf32> init(#train.constant<1.0>)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x4xf32>
  %c = train.cast %w : tensor<4x4xf32> -> tensor<4x4xTYPE>
  %m = train.matmul %c, %c : tensor<4x4xTYPE>, tensor<4x4xTYPE> -> tensor<4x4xTYPE>
  %s = train.softmax %m : tensor<4x4xTYPE>
  %y = train.cast %s : tensor<4x4xTYPE> -> tensor<4x4xf32>
  %l = train.reduce_sum %y over [0, 1] : tensor<4x4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
