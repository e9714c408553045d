// One case per constraint of the Shape family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.reshape C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{at most one size may be -1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.reshape %x to [-1, -1] : tensor<4x6xf32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.reshape C2
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{turns 24 elements into a shape of 25}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.reshape %x to [5, 5] : tensor<4x6xf32> -> tensor<5x5xf32>
  train.return
}

// -----

// train.reshape C2
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{has too many elements}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.reshape %x to [4611686018427387904, 4, 24] : tensor<4x6xf32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.reshape C2
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{cannot infer size -1: 24 elements over 5}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.reshape %x to [5, -1] : tensor<4x6xf32> -> tensor<5x5xf32>
  train.return
}

// -----

// train.transpose C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{is not one of [0, 2)}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.transpose %x by [0, 0] : tensor<4x6xf32> -> tensor<4x4xf32>
  train.return
}

// -----

// train.transpose C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{permutation needs one entry per dimension: 2, got 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.transpose %x by [0] : tensor<4x6xf32> -> tensor<4xf32>
  train.return
}

// -----

// train.slice C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{offsets needs one entry per dimension: 2, got 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.slice %x {offsets = array<i64: 1>, sizes = array<i64: 2>, strides = array<i64: 1>} : tensor<4x6xf32> -> tensor<2x3xf32>
  train.return
}

// -----

// train.slice C2
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{reads 2 elements from 9223372036854775807 on by 1 in dimension 0 of size 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.slice %x {offsets = array<i64: 9223372036854775807, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 2>} : tensor<4x6xf32> -> tensor<2x3xf32>
  train.return
}

// -----

// train.slice C2
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{reads 2 elements from 3 on by 1 in dimension 0 of size 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.slice %x {offsets = array<i64: 3, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 2>} : tensor<4x6xf32> -> tensor<2x3xf32>
  train.return
}

// -----

// train.concat C1
train.graph @g(%x: tensor<4x6xf32>, %y: tensor<4xf32>) {
  // expected-error@+2 {{operands have ranks 2 and 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.concat %x, %y along 1 : tensor<4x6xf32>, tensor<4xf32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.concat C1
train.graph @g(%x: tensor<4x6xf32>, %y: tensor<4x2xi32>) {
  // expected-error@+2 {{operands have element types 'f32' and 'i32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.concat %x, %y along 1 : tensor<4x6xf32>, tensor<4x2xi32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.concat C2
train.graph @g(%x: tensor<4x6xf32>, %y: tensor<3x6xf32>) {
  // expected-error@+2 {{operands have sizes 4 and 3 in dimension 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.concat %x, %y along 1 : tensor<4x6xf32>, tensor<3x6xf32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.concat C2
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{needs dim in [0, 2), got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %z = train.concat %x along 2 : tensor<4x6xf32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.pad C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{high needs one entry per dimension: 2, got 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.pad %x {high = array<i64: 0>, interior = array<i64: 1, 0>, low = array<i64: 2, 0>} : tensor<4x6xf32> -> tensor<9x7xf32>
  train.return
}

// -----

// train.pad C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{the result is too large in dimension 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.pad %x {high = array<i64: 0, 9223372036854775807>, interior = array<i64: 0, 0>, low = array<i64: 0, 0>} : tensor<4x6xf32> -> tensor<4x6xf32>
  train.return
}

// -----

// train.pad C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{has negative padding in dimension 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.pad %x {high = array<i64: 0, -1>, interior = array<i64: 1, 0>, low = array<i64: 2, 0>} : tensor<4x6xf32> -> tensor<9x5xf32>
  train.return
}

// -----

// train.broadcast C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{does not broadcast to [6]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.broadcast %x to [6] : tensor<4x6xf32> -> tensor<6xf32>
  train.return
}

// -----

// train.broadcast C1
train.graph @g(%x: tensor<4x6xf32>) {
  // expected-error@+2 {{shapes do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.broadcast %x to [4, 5] : tensor<4x6xf32> -> tensor<4x5xf32>
  train.return
}
