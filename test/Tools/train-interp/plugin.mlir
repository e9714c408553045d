// The interpreter runs the ops of a plugin by the reference that the plugin brings.
// RUN: train-interp --load-dialect-plugin=%build/lib/Softplus.so %s | FileCheck %s
// CHECK: y : tensor<2xf32> = [0.6931471805599453, 1e+03]
// RUN: %exits 1 train-interp %s 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: {{.*}}example
// RUN: %exits 1 train-interp --load-dialect-plugin=%t.absent.so %s 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: train-interp: error: cannot load the plugin {{.*}}absent.so

train.graph @g() -> (y: tensor<2xf32>) {
  %x = train.constant dense<[0.0, 1000.0]> : tensor<2xf32>
  %y = example.softplus %x : tensor<2xf32>
  train.return %y : tensor<2xf32>
}
