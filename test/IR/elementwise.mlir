// Round trip of every op of the Elementwise family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @neg(
train.graph @neg(%x: tensor<4x64xf32>) {
  // CHECK: = train.neg %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.neg %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @abs(
train.graph @abs(%x: tensor<4x64xf32>) {
  // CHECK: = train.abs %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.abs %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @exp(
train.graph @exp(%x: tensor<4x64xf32>) {
  // CHECK: = train.exp %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.exp %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @log(
train.graph @log(%x: tensor<4x64xf32>) {
  // CHECK: = train.log %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.log %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @sqrt(
train.graph @sqrt(%x: tensor<4x64xf32>) {
  // CHECK: = train.sqrt %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.sqrt %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @rsqrt(
train.graph @rsqrt(%x: tensor<4x64xf32>) {
  // CHECK: = train.rsqrt %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.rsqrt %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @sin(
train.graph @sin(%x: tensor<4x64xf32>) {
  // CHECK: = train.sin %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.sin %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @cos(
train.graph @cos(%x: tensor<4x64xf32>) {
  // CHECK: = train.cos %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.cos %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @tanh(
train.graph @tanh(%x: tensor<4x64xf32>) {
  // CHECK: = train.tanh %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.tanh %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @sigmoid(
train.graph @sigmoid(%x: tensor<4x64xf32>) {
  // CHECK: = train.sigmoid %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.sigmoid %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @erf(
train.graph @erf(%x: tensor<4x64xf32>) {
  // CHECK: = train.erf %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.erf %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @relu(
train.graph @relu(%x: tensor<4x64xf32>) {
  // CHECK: = train.relu %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.relu %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @silu(
train.graph @silu(%x: tensor<4x64xf32>) {
  // CHECK: = train.silu %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.silu %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @gelu(
train.graph @gelu(%x: tensor<4x64xf32>) {
  // CHECK: = train.gelu tanh %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %y = train.gelu tanh %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @gelu_backward(
train.graph @gelu_backward(%dy: tensor<4x64xf32>, %x: tensor<4x64xf32>) {
  // CHECK: = train.gelu_backward erf %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %dx = train.gelu_backward erf %dy, %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @silu_backward(
train.graph @silu_backward(%dy: tensor<4x64xf32>, %x: tensor<4x64xf32>) {
  // CHECK: = train.silu_backward %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>
  %dx = train.silu_backward %dy, %x : tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @add(
train.graph @add(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.add %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.add %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @sub(
train.graph @sub(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.sub %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.sub %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @mul(
train.graph @mul(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.mul %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.mul %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @div(
train.graph @div(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.div %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.div %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @pow(
train.graph @pow(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.pow %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.pow %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @min(
train.graph @min(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.min %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.min %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @max(
train.graph @max(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.max %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  %z = train.max %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @compare(
train.graph @compare(%x: tensor<4x64xf32>, %b: tensor<64xf32>) {
  // CHECK: = train.compare gt %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xi1>
  %m = train.compare gt %x, %b : tensor<4x64xf32>, tensor<64xf32> -> tensor<4x64xi1>
  train.return
}

// CHECK-LABEL: train.graph @select(
train.graph @select(%c: tensor<4x64xi1>, %x: tensor<4x64xf32>, %b: tensor<f32>) {
  // CHECK: = train.select %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<4x64xi1>, tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf32>
  %z = train.select %c, %x, %b : tensor<4x64xi1>, tensor<4x64xf32>, tensor<f32> -> tensor<4x64xf32>
  train.return
}

// CHECK-LABEL: train.graph @clamp(
train.graph @clamp(%x: tensor<4x64xf32>) {
  // CHECK: = train.clamp %{{[a-z0-9_]+}} {high = 1.000000e+00 : f64, low = -1.000000e+00 : f64} : tensor<4x64xf32>
  %y = train.clamp %x {high = 1.000000e+00 : f64, low = -1.000000e+00 : f64} : tensor<4x64xf32>
  train.return
}
