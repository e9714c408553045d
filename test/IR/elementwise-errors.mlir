// One case per constraint of the Elementwise family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.relu I1
train.graph @g(%x: tensor<4xi32>) {
  // expected-error@+1 {{operand #0 must be statically shaped tensor of}}
  %y = train.relu %x : tensor<4xi32>
  train.return
}

// -----

// train.add C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.add %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.add C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.add %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.sub C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.sub %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.sub C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.sub %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.mul C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.mul %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.mul C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.mul %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.div C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.div %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.div C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.div %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.pow C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.pow %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.pow C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.pow %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.pow C3
train.graph @g(%x: tensor<4xi32>) {
  // expected-error@+2 {{takes floats, got element type 'i32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.pow %x, %x : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
  train.return
}

// -----

// train.min C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.min %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.min C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.min %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.max C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.max %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xf32>
  train.return
}

// -----

// train.max C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.max %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xf32>
  train.return
}

// -----

// train.compare C1
train.graph @g(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+2 {{operands have element types 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.compare lt %x, %y : tensor<4xf32>, tensor<4xf64> -> tensor<4xi1>
  train.return
}

// -----

// train.compare C2
train.graph @g(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.compare lt %x, %y : tensor<4x3xf32>, tensor<4xf32> -> tensor<4x3xi1>
  train.return
}

// -----

// train.select C1
train.graph @g(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xbf16>) {
  // expected-error@+2 {{operands have element types 'f32' and 'bf16'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.select %c, %x, %y : tensor<4xi1>, tensor<4xf32>, tensor<4xbf16> -> tensor<4xf32>
  train.return
}

// -----

// train.select C2
train.graph @g(%c: tensor<3xi1>, %x: tensor<4xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.select %c, %x, %x : tensor<3xi1>, tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  train.return
}

// -----

// train.clamp C1
train.graph @g(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs low <= high}}
  %y = train.clamp %x {high = 0.0 : f64, low = 1.0 : f64} : tensor<4xf32>
  train.return
}
