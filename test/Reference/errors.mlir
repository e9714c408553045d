// Values outside an op's domain stop the program with an error at the op.
// RUN: not train-interp %s --program=row 2>&1 | FileCheck %s --check-prefix=ROW
// RUN: not train-interp %s --program=label 2>&1 | FileCheck %s --check-prefix=LABEL
// RUN: not train-interp %s --program=divide 2>&1 | FileCheck %s --check-prefix=DIVIDE
// RUN: not train-interp %s --program=large 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: not train-interp %s --program=large_input 2>&1 | FileCheck %s --check-prefix=INPUT

train.predict @row() -> (y: tensor<2x1xf32>) {
  %table = train.constant dense<0.0> : tensor<3x1xf32>
  %ids = train.constant dense<[1, 3]> : tensor<2xi32>
  // ROW: errors.mlir":[[#@LINE+1]]:{{.*}}error: 'train.embedding' op reads row 3 of a table of 3 rows (id at position 1)
  %y = train.embedding %table, %ids : tensor<3x1xf32>, tensor<2xi32> -> tensor<2x1xf32>
  train.return %y : tensor<2x1xf32>
}
train.predict @label() -> (y: tensor<f32>) {
  %logits = train.constant dense<0.0> : tensor<1x4xf32>
  %labels = train.constant dense<-1> : tensor<1xi32>
  // LABEL: errors.mlir":[[#@LINE+1]]:{{.*}}error: 'train.cross_entropy' op got label -1 at position 0, expected 0 to 3 or ignore_index -100
  %y, %lse, %n = train.cross_entropy %logits, %labels : tensor<1x4xf32>, tensor<1xi32> -> tensor<f32>, tensor<1xf32>, tensor<f32>
  train.return %y : tensor<f32>
}
train.predict @divide() -> (y: tensor<i32>) {
  %one = train.constant dense<1> : tensor<i32>
  %zero = train.constant dense<0> : tensor<i32>
  // DIVIDE: errors.mlir":[[#@LINE+1]]:{{.*}}error: 'train.div' op divides an integer by zero
  %y = train.div %one, %zero : tensor<i32>, tensor<i32> -> tensor<i32>
  train.return %y : tensor<i32>
}
train.predict @large() -> (y: tensor<1048576x4096xf32>) {
  // LARGE: errors.mlir":[[#@LINE+1]]:{{.*}}error: 'train.constant' op has a result of type {{.*}}, expected a static tensor of at most 2147483648 elements
  %y = train.constant dense<0.0> : tensor<1048576x4096xf32>
  train.return %y : tensor<1048576x4096xf32>
}
// INPUT: errors.mlir":[[#@LINE+1]]:{{.*}}error: 'train.predict' op input 'x' has type 'tensor<1048576x4096xf32>', expected a static tensor of at most 2147483648 elements
train.predict @large_input(%x: tensor<1048576x4096xf32>) -> () {
  train.return
}
