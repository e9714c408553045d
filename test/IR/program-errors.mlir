// One case per constraint of the Program family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.param C1
// expected-error@+1 {{needs a float element type, got 'i32'}}
train.param @p : tensor<4xi32> init(#train.zeros)

// -----

// train.param C1
// expected-error@+1 {{needs a static shape, got 'tensor<?xf32>'}}
train.param @p : tensor<?xf32> init(#train.zeros)

// -----

// train.param C1
// expected-error@+1 {{needs a ranked tensor type, got 'f32'}}
train.param @p : f32 init(#train.zeros)

// -----

// train.param C1
// expected-error@+1 {{has rank 9, at most 8}}
train.param @p : tensor<1x1x1x1x1x1x1x1x1xf32> init(#train.zeros)

// -----

// train.param C2
// expected-error@+1 {{initial value has type 'tensor<2xf32>', the symbol 'tensor<3xf32>'}}
train.param @p : tensor<3xf32> init(dense<0.0> : tensor<2xf32>)

// -----

// train.param C2
// expected-error@+1 {{initial value must be #train.zeros}}
train.param @p : tensor<3xf32> init("zeros")

// -----

// train.state C1
// expected-error@+1 {{needs a number element type, got 'index'}}
train.state other @s : tensor<4xindex> init(#train.zeros)

// -----

// train.state C1
// expected-error@+1 {{needs a number element type, got 'i17'}}
train.state other @s : tensor<4xi17> init(#train.zeros)

// -----

// train.state C1
// expected-error@+1 {{has more than 2^57 elements}}
train.state other @s : tensor<4294967296x4294967296xf32> init(#train.zeros)

// -----

// train.state C2
// expected-error@+1 {{random initial values are floats, the type is 'tensor<i64>'}}
train.state counter @s : tensor<i64> init(#train.uniform<0.0, 1.0>)

// -----

// train.state C3
// expected-error@+1 {{owner @nobody names no train.param}}
train.state optimizer @s of @nobody : tensor<4xf32> init(#train.zeros)

// -----

// train.graph C1
// expected-error@+1 {{output 'loss' must be a float scalar, got 'tensor<4xf32>'}}
train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<4xf32>) {
  train.return %x : tensor<4xf32>
}

// -----

// train.graph C2
train.graph @g(%x: tensor<4xf32>) -> (y: tensor<5xf32>) {
  // expected-error@+1 {{returns ('tensor<4xf32>'), the signature says ('tensor<5xf32>')}}
  train.return %x : tensor<4xf32>
}

// -----

// train.graph C2
// expected-error@+1 {{body must end in train.return}}
train.graph @g(%x: tensor<4xf32>) {
}

// -----

// train.graph C3
// expected-error@+1 {{has two outputs named 'y'}}
train.graph @g(%x: tensor<4xf32>) -> (y: tensor<4xf32>, y: tensor<4xf32>) {
  train.return %x, %x : tensor<4xf32>, tensor<4xf32>
}

// -----

// train.graph C4
// expected-error@+1 {{inputs have batch sizes 4 and 5}}
train.graph @g(%x: tensor<4xf32> batch(0), %y: tensor<5xf32> batch(0)) {
  train.return
}

// -----

// train.graph C4
// expected-error@+1 {{input "x" has rank 1 and no batch dimension 1}}
train.graph @g(%x: tensor<4xf32> batch(1)) {
  train.return
}

// -----

// train.graph C4
// expected-error@+1 {{input "x" has rank 1 and no batch dimension -2}}
train.graph @g(%x: tensor<4xf32> batch(-2)) {
  train.return
}

// -----

// train.graph C4
// expected-error@+1 {{has a value of more than 2^57 elements}}
train.graph @g(%x: tensor<4294967296x4294967296xf32>) {
  train.return
}

// -----

// train.step C3
// expected-error@+1 {{input "lr" is a learning rate and must be tensor<f32>, got 'tensor<1xf32>'}}
train.step @s(%lr: tensor<1xf32> learning_rate) {
  train.return
}

// -----

// train.step C3
// expected-error@+1 {{input "x" has an unknown role, 7}}
"train.step"() <{sym_name = "s", input_names = ["x"], input_roles = array<i64: 7>, batch_dims = array<i64: -1>, output_names = []}> ({
^bb0(%x: tensor<4xf32>):
  train.return
}) : () -> ()

// -----

// train.step C1
// expected-error@+1 {{needs at least one micro-batch, got 0}}
train.step @s() micro_batches(0) {
  train.return
}

// -----

// train.step C2
// expected-error@+1 {{has two outputs named 'y'}}
train.step @s(%x: tensor<f32>) -> (y: tensor<f32>, y: tensor<f32>) {
  train.return %x, %x : tensor<f32>, tensor<f32>
}

// -----

// train.eval C1
// expected-error@+1 {{inputs have batch sizes 2 and 3}}
train.eval @e(%x: tensor<2xf32> batch(0), %y: tensor<3xf32> batch(0)) {
  train.return
}

// -----

// train.predict C1
// expected-error@+1 {{inputs have batch sizes 2 and 3}}
train.predict @p(%x: tensor<2xf32> batch(0), %y: tensor<3xf32> batch(0)) {
  train.return
}

// -----

// train.return C1
train.graph @g(%x: tensor<4xf32>) {
  // expected-error@+1 {{body must end in train.yield}}
  %y = train.layer "l" -> tensor<4xf32> {
    train.return %x : tensor<4xf32>
  }
  train.return
}

// -----

// train.yield C1
// expected-error@+1 {{body must end in train.return}}
train.graph @g(%x: tensor<4xf32>) {
  train.yield %x : tensor<4xf32>
}

// -----

// train.read C1
train.graph @g() {
  // expected-error@+1 {{symbol @nothing names no train.param or train.state}}
  %x = train.read @nothing : tensor<4xf32>
  train.return
}

// -----

// train.read C1, train.graph C5
// expected-note@+1 {{@p is declared here}}
train.param @p : tensor<4xf32> init(#train.zeros)
train.graph @g() {
  // expected-error@+1 {{has type 'tensor<5xf32>', the symbol has 'tensor<4xf32>'}}
  %x = train.read @p : tensor<5xf32>
  train.return
}

// -----

// train.write C1
// expected-note@+1 {{declared frozen here}}
train.param @p : tensor<4xf32> init(#train.zeros) {frozen}
train.step @s(%x: tensor<4xf32>) {
  // expected-error@+1 {{writes frozen parameter @p}}
  train.write @p, %x : tensor<4xf32>
  train.return
}

// -----

// train.write C2
train.param @p : tensor<4xf32> init(#train.zeros)
train.step @s(%x: tensor<4xf32>) {
  // expected-note@+1 {{the first is here}}
  train.write @p, %x : tensor<4xf32>
  // expected-error@+1 {{is the second write of @p}}
  train.write @p, %x : tensor<4xf32>
  train.return
}

// -----

// train.write C3
train.param @p : tensor<4xf32> init(#train.zeros)
train.graph @g(%x: tensor<4xf32>) {
  // expected-error@+1 {{has no place in a train.graph}}
  train.write @p, %x : tensor<4xf32>
  train.return
}

// -----

// train.layer C1
train.graph @g(%x: tensor<4xf32>) {
  // expected-error@+1 {{body yields ('tensor<4xf32>'), expected ('tensor<5xf32>')}}
  %y = train.layer "l" -> tensor<5xf32> {
    train.yield %x : tensor<4xf32>
  }
  train.return
}

// -----

// train.checkpoint C1
train.graph @g(%x: tensor<4xf32>) {
  // expected-error@+1 {{body yields ('tensor<4xf32>'), expected ('tensor<5xf32>')}}
  %y = train.checkpoint -> tensor<5xf32> {
    train.yield %x : tensor<4xf32>
  }
  train.return
}

// -----

// train.microbatch C1
train.step @s(%xs: tensor<3x4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{stream 0 of type 'tensor<3x4xf32>' does not hold 2 micro-batches of 'tensor<4xf32>'}}
  %r = "train.microbatch"(%xs, %z) <{count = 2 : i64, operandSegmentSizes = array<i32: 1, 1>}> ({
  ^bb0(%x: tensor<4xf32>, %a: tensor<f32>):
    train.yield %a : tensor<f32>
  }) : (tensor<3x4xf32>, tensor<f32>) -> tensor<f32>
  train.return
}

// -----

// train.microbatch C2
train.step @s(%xs: tensor<2x4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{body yields ('tensor<4xf32>'), expected ('tensor<f32>')}}
  %r = train.microbatch 2 streams(%x = %xs : tensor<4xf32>) carry(%a = %z : tensor<f32>) {
    train.yield %x : tensor<4xf32>
  }
  train.return
}

// -----

// train.fusion C1
train.step @s(%x: tensor<4xf32>) {
  // expected-error@+1 {{body yields ('tensor<4xf32>'), expected ('tensor<5xf32>')}}
  %y = train.fusion (%a = %x : tensor<4xf32>) -> tensor<5xf32> {
    train.yield %a : tensor<4xf32>
  }
  train.return
}

// -----

// train.fusion C2
train.step @s(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{holds an op that no row program can compute: train.matmul}}
  %y = train.fusion (%a = %x : tensor<4x4xf32>) -> tensor<4x4xf32> {
    // expected-note@+1 {{the op is here}}
    %b = train.matmul %a, %a : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    train.yield %b : tensor<4x4xf32>
  }
  train.return
}

// -----

// train.fusion C3
train.step @s(%x: tensor<4xf32>) {
  // expected-error@+1 {{alias 1 names no operand, or one twice}}
  %y = train.fusion (%a = %x : tensor<4xf32>) -> tensor<4xf32> aliases [1] {
    train.yield %a : tensor<4xf32>
  }
  train.return
}

// -----

// train.fusion C3
train.step @s(%x: tensor<4xf32>) {
  // expected-error@+1 {{result of type 'tensor<4xbf16>' cannot lie in operand 0 of type 'tensor<4xf32>'}}
  %y = train.fusion (%a = %x : tensor<4xf32>) -> tensor<4xbf16> aliases [0] {
    %b = train.cast %a : tensor<4xf32> -> tensor<4xbf16>
    train.yield %b : tensor<4xbf16>
  }
  train.return
}

// -----

// train.state C4
train.param @w : tensor<4xf32> init(#train.zeros)
// expected-error@+1 {{initial value #train.zeros does not go with the role copy}}
train.state copy @c of @w : tensor<4xbf16> init(#train.zeros)

// -----

// train.state C4
train.param @w : tensor<4xf32> init(#train.zeros)
// expected-error@+1 {{initial value #train.copy_of<@w> does not go with the role optimizer}}
train.state optimizer @c of @w : tensor<4xbf16> init(#train.copy_of<@w>)

// -----

// train.state C4
train.param @w : tensor<4xf32> init(#train.zeros)
train.param @v : tensor<4xf32> init(#train.zeros)
// expected-error@+1 {{initial value #train.copy_of<@v> does not go with the role copy}}
train.state copy @c of @w : tensor<4xbf16> init(#train.copy_of<@v>)

// -----

// train.state C4
// expected-note@+1 {{@w is declared here}}
train.param @w : tensor<4xbf16> init(#train.zeros)
// expected-error@+1 {{of type 'tensor<4xf32>' is no copy of @w of type 'tensor<4xbf16>' in a narrower type}}
train.state copy @c of @w : tensor<4xf32> init(#train.copy_of<@w>)

// -----

// train.param C2
// expected-error@+1 {{initial value must be #train.zeros, #train.constant, #train.normal, #train.uniform or an elements attribute, got #train.copy_of<@w>}}
train.param @w : tensor<4xbf16> init(#train.copy_of<@w>)
