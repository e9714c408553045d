// One case per rule of the table in VerifyStage.cpp.
// RUN: train-opt --train-verify-stage --split-input-file --verify-diagnostics %s

// expected-error @+1 {{a module has exactly one train.graph, this one has 0}}
module {
}

// -----

module {
  train.graph @g() -> () { train.return }
  // expected-error @+1 {{can't be there yet at stage graph}}
  train.step @step() -> () { train.return }
}

// -----

// expected-error @+1 {{there is no train.step, which this stage needs}}
module attributes {train.stage = #train<stage step>} {
  train.graph @g() -> () { train.return }
}

// -----

module attributes {train.stage = #train<stage step>} {
  train.graph @g() -> () { train.return }
  train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>) {
    // expected-error @+1 {{has to be inlined in programs that are executed}}
    %y = train.layer "l" -> tensor<f32> {
      train.yield %x : tensor<f32>
    }
    train.return %y : tensor<f32>
  }
}

// -----

module attributes {train.stage = #train<stage fused>} {
  train.graph @g() -> () { train.return }
  // expected-error @+1 {{still returns the gradient of @w: no optimizer uses it}}
  train.step @step(%x: tensor<f32>) -> ("grad:w": tensor<f32>) {
    train.return %x : tensor<f32>
  }
}

// -----

module attributes {train.stage = #train<stage scheduled>} {
  train.param @w : tensor<4x4xf32> init(#train.zeros)
  train.graph @g() -> () { train.return }
  train.step @step(%g: tensor<4x4xf32>, %lr: tensor<f32> learning_rate) -> (y: tensor<4x4xf32>) {
    // expected-note @+1 {{the value is computed here}}
    %w = train.read @w : tensor<4x4xf32>
    // expected-note @+1 {{they are overwritten here}}
    %n = train.sgd %w, %g, lr %lr {weight_decay = 0.0 : f64} : tensor<4x4xf32>, tensor<4x4xf32>, tensor<f32>
    // expected-error @+1 {{reads a value whose bytes are overwritten by then}}
    %y = train.matmul %w, %w : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    train.write @w, %n : tensor<4x4xf32>
    train.return %y : tensor<4x4xf32>
  }
}

// -----

// expected-error @+1 {{the module lacks the attribute 'train.arena_bytes' of a memory plan, an i64}}
module attributes {train.stage = #train<stage planned>} {
  train.graph @g() -> () { train.return }
  train.step @step() -> () { train.return }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  // expected-error @+1 {{places its value of 4 bytes at byte 64 of an arena of 64}}
  train.param @w : tensor<f32> init(#train.zeros) {offset = 64 : i64}
  train.graph @g() -> () { train.return }
  train.step @step() -> () { train.return }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  train.param @w : tensor<f32> init(#train.zeros) {offset = 0 : i64}
  train.graph @g() -> () { train.return }
  train.step @step() -> (w: tensor<f32>) attributes {train.arg_offsets = array<i64>} {
    // expected-error @+1 {{needs one entry per result in the attribute 'train.offsets'}}
    %w = train.read @w : tensor<f32>
    train.return %w : tensor<f32>
  }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  // expected-error @+1 {{places its value of 4 bytes at byte 9223372036854775807 of an arena of 64}}
  train.param @w : tensor<f32> init(#train.zeros) {offset = 9223372036854775807 : i64}
  train.graph @g() -> () { train.return }
  train.step @step() -> () { train.return }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  // expected-error @+1 {{places its value at byte 7, which is not a multiple of 64}}
  train.param @w : tensor<f32> init(#train.zeros) {offset = 7 : i64}
  train.graph @g() -> () { train.return }
  train.step @step() -> () { train.return }
}

// -----

// expected-error @+1 {{the attribute 'train.threads' must be at least 1, got 0}}
module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 0 : i64} {
  train.graph @g() -> () { train.return }
  train.step @step() -> () { train.return }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  train.graph @g() -> () { train.return }
  // expected-error @+1 {{needs one entry for each of 1 arguments in the attribute 'train.arg_offsets', array<i64>}}
  train.step @step(%x: tensor<f32>) -> () attributes {train.arg_offsets = array<i64: 0, 0>} { train.return }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 64 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  train.graph @g() -> () { train.return }
  // expected-error @+1 {{places argument 0 at byte 4, which is not a multiple of 64}}
  train.step @step(%x: tensor<f32>) -> () attributes {train.arg_offsets = array<i64: 4>} { train.return }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 256 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  train.graph @g() -> () { train.return }
  train.step @step(%x: tensor<f32>) -> (y: tensor<f32>) attributes {train.arg_offsets = array<i64: 0>} {
    // expected-error @+1 {{places result 0 of 4 bytes at byte -2 of an arena of 256}}
    %y = train.relu %x {train.offsets = array<i64: -2>} : tensor<f32>
    train.return %y : tensor<f32>
  }
}

// -----

module attributes {train.stage = #train<stage planned>, train.arena_bytes = 256 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  train.graph @g() -> () { train.return }
  train.step @step(%x: tensor<4x16xf32>) -> (y: tensor<16xf32>) attributes {train.arg_offsets = array<i64: 0>} {
    // expected-error @+1 {{needs a workspace, and lacks the attribute 'train.workspace', an i64}}
    %y = train.reduce_sum %x over [0] {train.offsets = array<i64: 0>} : tensor<4x16xf32> -> tensor<16xf32>
    train.return %y : tensor<16xf32>
  }
}

// -----

// expected-error @+1 {{programs draw, and the module lacks the attribute 'train.random_key_offset', an i64}}
module attributes {train.stage = #train<stage planned>, train.arena_bytes = 256 : i64, train.lower_bound_bytes = 64 : i64, train.threads = 1 : i64} {
  train.graph @g() -> () { train.return }
  train.step @step(%x: tensor<f32>) -> (y: tensor<f32>) attributes {train.arg_offsets = array<i64: 0>} {
    %k = train.random_key : tensor<3xi64>
    train.return %x : tensor<f32>
  }
}
