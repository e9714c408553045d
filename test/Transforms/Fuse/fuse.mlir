// RUN: train-opt %s --train-fuse --split-input-file | FileCheck %s

// A producer joins its consumer's kernel, and what only the kernel uses has no buffer.
// CHECK-LABEL: train.predict @chain
module {
  train.predict @chain(%x: tensor<4x8xf32>, %b: tensor<8xf32>) -> (y: tensor<4x8xf32>) {
    // CHECK: %[[F:.+]] = train.fusion (%{{.+}} = %x : tensor<4x8xf32>, %{{.+}} = %b : tensor<8xf32>) -> tensor<4x8xf32>
    // CHECK: train.add
    // CHECK: train.relu
    // CHECK: train.yield
    // CHECK: train.return %[[F]]
    %0 = train.add %x, %b : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
    %1 = train.relu %0 : tensor<4x8xf32>
    train.return %1 : tensor<4x8xf32>
  }
}

// -----

// A sum that others read too is a second result, not computed twice.
// CHECK-LABEL: train.predict @residual
module {
  train.predict @residual(%x: tensor<4x8xf32>, %a: tensor<4x8xf32>, %g: tensor<8xf32>)
      -> (y: tensor<4x8xf32>, h: tensor<4x8xf32>) {
    // CHECK: train.fusion {{.*}} -> (tensor<4x8xf32>, tensor<4x8xf32>)
    // CHECK-COUNT-1: train.add
    // CHECK: train.rms_norm
    // CHECK-NOT: train.fusion
    // CHECK: train.return
    %h = train.add %x, %a : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
    %y, %r = train.rms_norm %h, %g {eps = 1.0e-5 : f64} : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>, tensor<4xf32>
    train.return %y, %h : tensor<4x8xf32>, tensor<4x8xf32>
  }
}

// -----

// A row kernel computes its inputs once per walk over the row, so a gelu stays apart.
// CHECK-LABEL: train.predict @expensive
module {
  train.predict @expensive(%x: tensor<4x8xf32>) -> (y: tensor<4x8xf32>) {
    // CHECK: train.fusion
    // CHECK: train.gelu
    // CHECK: }
    // CHECK: train.softmax %{{.+}} : tensor<4x8xf32>
    // CHECK-NEXT: train.return
    %0 = train.gelu tanh %x : tensor<4x8xf32>
    %1 = train.softmax %0 : tensor<4x8xf32>
    train.return %1 : tensor<4x8xf32>
  }
}

// -----

// A reader in between keeps the producer where it is.
// CHECK-LABEL: train.predict @between
module {
  train.predict @between(%x: tensor<8x8xf32>) -> (y: tensor<8x8xf32>) {
    // CHECK: train.fusion
    // CHECK: train.relu
    // CHECK: }
    // CHECK: train.matmul
    // CHECK: train.fusion
    // CHECK: train.add
    %0 = train.relu %x : tensor<8x8xf32>
    %1 = train.matmul %0, %0 : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    %2 = train.add %0, %1 : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    train.return %2 : tensor<8x8xf32>
  }
}

// -----

// A splat moves into the kernel and leaves no buffer behind.
// CHECK-LABEL: train.predict @splat
module {
  train.predict @splat(%x: tensor<4xf32>) -> (y: tensor<4xf32>) {
    // CHECK-NOT: train.constant
    // CHECK: train.fusion (%{{.+}} = %x : tensor<4xf32>) -> tensor<4xf32>
    // CHECK: train.constant
    // CHECK: train.mul
    %c = train.constant dense<2.0> : tensor<f32>
    %0 = train.mul %x, %c : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    train.return %0 : tensor<4xf32>
  }
}

// -----

// Another domain is another kernel.
// CHECK-LABEL: train.predict @domains
module {
  train.predict @domains(%x: tensor<8xf32>, %y: tensor<4x8xf32>) -> (z: tensor<4x8xf32>) {
    // CHECK: train.fusion {{.*}} -> tensor<8xf32>
    // CHECK: train.fusion {{.*}} -> tensor<4x8xf32>
    %0 = train.relu %x : tensor<8xf32>
    %1 = train.add %0, %y : tensor<8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
    train.return %1 : tensor<4x8xf32>
  }
}
