// What --dump writes, --inputs reads back: types that NumPy knows keep theirs, narrower floats travel as f4.
// RUN: rm -rf %t && train-interp %s --mode=native --dump=%t > %t.first
// RUN: train-interp %s --mode=native --seed=9 --inputs=a=%t/outputs/a.npy,b=%t/outputs/b.npy,c=%t/outputs/c.npy,d=%t/outputs/d.npy,e=%t/outputs/e.npy > %t.second
// RUN: diff %t.first %t.second
// RUN: train-interp %s --mode=native --seed=9 > %t.third
// RUN: not diff %t.first %t.third
// RUN: not train-interp %s --inputs=a=%t/outputs/e.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not train-interp %s --inputs=c=%t/outputs/d.npy 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not train-interp %s --inputs=c=%s 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not train-interp %s --inputs=f=%t/outputs/a.npy 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not train-interp %s --inputs=a 2>&1 | FileCheck %s --check-prefix=BINDING

// SHAPE: train-interp: error: --inputs: {{.*}}e.npy: has shape (), expected (2, 3)
// KIND: train-interp: error: --inputs: {{.*}}d.npy: has elements of type '<f2', expected integers
// FORMAT: train-interp: error: --inputs: {{.*}}: is not a .npy file
// NAME: train-interp: error: --inputs: the program has no input named 'f'
// BINDING: train-interp: error: --inputs: expected random or NAME=FILE.npy, got 'a'

train.predict @p(%a: tensor<2x3xf32>, %b: tensor<4xbf16>, %c: tensor<4xi32>, %d: tensor<4xf16>, %e: tensor<i1>)
    -> (a: tensor<2x3xf32>, b: tensor<4xbf16>, c: tensor<4xi32>, d: tensor<4xf16>, e: tensor<i1>) {
  train.return %a, %b, %c, %d, %e : tensor<2x3xf32>, tensor<4xbf16>, tensor<4xi32>, tensor<4xf16>, tensor<i1>
}
