// One case per constraint of the Contraction family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.matmul C1
train.graph @g(%x: tensor<4x2x3xf32>, %w: tensor<5x3x2xf32>) {
  // expected-error@+2 {{batch dimensions differ: lhs has [4], rhs has [5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w : tensor<4x2x3xf32>, tensor<5x3x2xf32> -> tensor<4x2x2xf32>
  train.return
}

// -----

// train.matmul C2
train.graph @g(%x: tensor<2x3xf32>, %w: tensor<2x3xf32>) {
  // expected-error@+2 {{inner sizes differ: lhs has 3, rhs has 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  train.return
}

// -----

// train.matmul C3
train.graph @g(%x: tensor<2x3xf32>, %w: tensor<3x2xbf16>) {
  // expected-error@+2 {{rhs has element type 'bf16', but lhs has 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w : tensor<2x3xf32>, tensor<3x2xbf16> -> tensor<2x2xf32>
  train.return
}

// -----

// train.matmul C4
train.graph @g(%x: tensor<2x3xf32>, %w: tensor<3x2xf32>, %a: tensor<2x3xf32>) {
  // expected-error@+2 {{accumulator must have shape [2, 2], got [2, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w into %a : tensor<2x3xf32>, : tensor<2x3xf32>, tensor<3x2xf32> -> tensor<2x2xf32>
  train.return
}

// -----

// train.matmul C5
train.graph @g(%x: tensor<3xf32>, %w: tensor<3x2xf32>) {
  // expected-error@+2 {{needs operands of rank 2 or more, got ranks 1 and 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w : tensor<3xf32>, tensor<3x2xf32> -> tensor<2xf32>
  train.return
}

// -----

// train.conv2d C1
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{groups must divide the channels, got groups = 4 for 6 input and 8 output channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 1, 1>, groups = 4 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d C2
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{filter must have 6 channels (6 input channels in 1 groups), got 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d C3
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{padding must have 4 entries, got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d C3
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{entries of strides must be from 1 to 2147483647, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 0, 1>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d C3
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{entries of dilations must be from 1 to 2147483647, got 9223372036854775807}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 9223372036854775807, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d C4
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{no window of 3 x 3 fits in the plane of 9 x 9 with padding [1, 1, 1, 1] and dilations [6, 1]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 6, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf32> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d C5
train.graph @g(%x: tensor<2x6x9x9xf32>, %k: tensor<8x3x3x3xf16>) {
  // expected-error@+2 {{filter has element type 'f16', but input has 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.conv2d %x, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<8x3x3x3xf16> -> tensor<2x8x5x5xf32>
  train.return
}

// -----

// train.conv2d_transpose C1
train.graph @g(%dy: tensor<2x8x5x5xf32>, %k: tensor<8x3x3x3xf32>) {
  // expected-error@+2 {{dout must have shape [2, 8, 4, 5], got [2, 8, 5, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.conv2d_transpose %dy, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 7, 9>, strides = array<i64: 2, 2>} : tensor<2x8x5x5xf32>, tensor<8x3x3x3xf32> -> tensor<2x6x9x9xf32>
  train.return
}

// -----

// train.conv2d_transpose C2
train.graph @g(%dy: tensor<2x8x5x5xf32>, %k: tensor<8x3x3x3xf64>) {
  // expected-error@+2 {{filter has element type 'f64', but dout has 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.conv2d_transpose %dy, %k {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 9, 9>, strides = array<i64: 2, 2>} : tensor<2x8x5x5xf32>, tensor<8x3x3x3xf64> -> tensor<2x6x9x9xf32>
  train.return
}

// -----

// train.conv2d_filter_grad C1
train.graph @g(%x: tensor<2x6x9x9xf32>, %dy: tensor<2x8x5x5xf32>) {
  // expected-error@+2 {{dout must have shape [2, 8, 4, 5], got [2, 8, 5, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %g = train.conv2d_filter_grad %x, %dy {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 5, 3>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<2x8x5x5xf32> -> tensor<8x3x3x3xf32>
  train.return
}

// -----

// train.conv2d_filter_grad C2
train.graph @g(%x: tensor<2x6x9x9xf32>, %dy: tensor<2x8x5x5xf32>, %a: tensor<8x6x3x3xf32>) {
  // expected-error@+2 {{accumulator must have shape [8, 3, 3, 3], got [8, 6, 3, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %g = train.conv2d_filter_grad %x, %dy into %a : tensor<8x6x3x3xf32>, {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, size = array<i64: 3, 3>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<2x8x5x5xf32> -> tensor<8x3x3x3xf32>
  train.return
}

// -----

// train.attention C1
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x16xf32>) {
  // expected-error@+2 {{q and k must agree in batch and head size, got 2 x 32 and 2 x 16}}
  // expected-error@+1 {{failed to infer returned types}}
  %out, %lse = train.attention %q, %k, %k {scale = 1.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x16xf32>, tensor<2x16x4x16xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// -----

// train.attention C1
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x32xf32>, %v: tensor<2x15x4x32xf32>) {
  // expected-error@+2 {{v must have shape [2, 16, 4, 32], got [2, 15, 4, 32]}}
  // expected-error@+1 {{failed to infer returned types}}
  %out, %lse = train.attention %q, %k, %v {scale = 1.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x15x4x32xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// -----

// train.attention C2
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x3x32xf32>) {
  // expected-error@+2 {{the number of key heads must divide that of query heads, got 3 and 8}}
  // expected-error@+1 {{failed to infer returned types}}
  %out, %lse = train.attention %q, %k, %k {scale = 1.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x3x32xf32>, tensor<2x16x3x32xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// -----

// train.attention C3
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x8x4x32xf32>) {
  // expected-error@+2 {{causal attention needs at least as many keys as queries, got 8 and 16}}
  // expected-error@+1 {{failed to infer returned types}}
  %out, %lse = train.attention %q, %k, %k {causal, scale = 1.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x8x4x32xf32>, tensor<2x8x4x32xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// -----

// train.attention C4
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x32xbf16>) {
  // expected-error@+2 {{k has element type 'bf16', but q has 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %out, %lse = train.attention %q, %k, %k {scale = 1.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xbf16>, tensor<2x16x4x32xbf16> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// -----

// train.attention C5
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x32xf32>) {
  // expected-error@+2 {{scale must be positive and finite, got 0.0}}
  // expected-error@+1 {{failed to infer returned types}}
  %out, %lse = train.attention %q, %k, %k {scale = 0.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32> -> tensor<2x16x8x32xf32>, tensor<2x8x16xf32>
  train.return
}

// -----

// train.attention_backward C1
train.graph @g(%q: tensor<2x16x8x32xf32>, %k: tensor<2x16x4x32xf32>, %lse: tensor<2x16x8xf32>) {
  // expected-error@+2 {{lse must be 'tensor<2x8x16xf32>', got 'tensor<2x16x8xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dq, %dk, %dv = train.attention_backward %q, %k, %k, %q, %lse, %q {scale = 1.0 : f64} : tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x8xf32> -> tensor<2x16x8x32xf32>, tensor<2x16x4x32xf32>, tensor<2x16x4x32xf32>
  train.return
}

// -----

// train.matmul C6
train.graph @g(%x: tensor<2x3xbf16>, %w: tensor<3x2xbf16>) {
  // expected-error@+2 {{result_type must be 'bf16' or a wider float type, got 'f16'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w {result_type = f16} : tensor<2x3xbf16>, tensor<3x2xbf16> -> tensor<2x2xf16>
  train.return
}

// -----

// train.matmul C6
train.graph @g(%x: tensor<2x3xbf16>, %w: tensor<3x2xbf16>) {
  // expected-error@+2 {{result_type must be 'bf16' or a wider float type, got 'i32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w {result_type = i32} : tensor<2x3xbf16>, tensor<3x2xbf16> -> tensor<2x2xf32>
  train.return
}

// -----

// train.matmul C6
train.graph @g(%x: tensor<2x3xbf16>, %w: tensor<3x2xbf16>, %a: tensor<2x2xbf16>) {
  // expected-error@+2 {{result_type is 'f32', the accumulator has 'bf16'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.matmul %x, %w into %a : tensor<2x2xbf16>, {result_type = f32} : tensor<2x3xbf16>, tensor<3x2xbf16> -> tensor<2x2xf32>
  train.return
}

// -----

// train.conv2d_filter_grad C3
train.graph @g(%x: tensor<2x6x9x9xf32>, %dy: tensor<2x8x5x5xf32>) {
  // expected-error@+2 {{result_type must be 'f32' or a wider float type, got 'bf16'}}
  // expected-error@+1 {{failed to infer returned types}}
  %g = train.conv2d_filter_grad %x, %dy {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, result_type = bf16, size = array<i64: 3, 3>, strides = array<i64: 2, 2>} : tensor<2x6x9x9xf32>, tensor<2x8x5x5xf32> -> tensor<8x3x3x3xbf16>
  train.return
}
