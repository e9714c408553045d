// Kernels that models of transformers lack: row-wise softmax, double precision, rows too odd for wide accesses, a check of all
// elements. All must compile without spills, whatever their type.
// RUN: train-compile %s --emit=ptx --gpu-arch=sm_90 -o %t.ptx
// RUN: FileCheck %s < %t.ptx
// RUN: %if ptxas %{ ptxas -arch=sm_90 -v --warn-on-spills %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=ASM %{clean} %}
// ASM: 0 bytes spill stores, 0 bytes spill loads

// 50 columns are no multiple of 4: single elements, and threads past the end of the row read its last one.
// CHECK: // kernel k{{[0-9]+}}_softmax{{.*}}: domain 8x50 rows, blocks 8, threads 64, width 1
// CHECK: // kernel k{{[0-9]+}}_log_softmax{{.*}}: domain 8x64 rows, blocks 8, threads 32, width 4

// A maximum passes NaN on, here as on the CPU.
// CHECK-LABEL: .entry k{{[0-9]+}}_softmax(
// CHECK-NOT: .v4
// CHECK: ld.global.b32
// CHECK: max.NaN.f32
// CHECK: shfl.sync.bfly.b32 {{.*}}, 16, 31, -1
// CHECK: bar.sync
// CHECK: st.global.b32

// One warp shares nothing but still waits before it stores. A double is exchanged in two words.
// CHECK-LABEL: .entry k{{[0-9]+}}_log_softmax(
// CHECK-NOT: ld.shared
// CHECK: ld.global.v2.b64
// CHECK: fma.rn.f64
// CHECK: shfl.sync.bfly.b32 {{.*}}, 16, 31, -1
// CHECK: shfl.sync.bfly.b32 {{.*}}, 16, 31, -1
// CHECK: bar.sync
// CHECK: st.global.v2.b64
module attributes {train.stage = #train<stage graph>} {
  train.param @w : tensor<64x50xf32> init(#train.normal<0.0, 0.02>)
  train.graph @ops(%x: tensor<8x64xf32> batch(0), %z: tensor<8x64xf64> batch(0), %y: tensor<8x50xf32> batch(0)) -> (loss: tensor<f32>) {
    %w = train.read @w : tensor<64x50xf32>
    %h = train.matmul %x, %w : tensor<8x64xf32>, tensor<64x50xf32> -> tensor<8x50xf32>
    %s = train.softmax %h : tensor<8x50xf32>
    %a = train.mse %s, %y : tensor<8x50xf32>, tensor<8x50xf32> -> tensor<f32>
    %l = train.log_softmax %z : tensor<8x64xf64>
    %m = train.reduce_mean %l over [0, 1] : tensor<8x64xf64> -> tensor<f64>
    %b = train.cast %m : tensor<f64> -> tensor<f32>
    %loss = train.add %a, %b : tensor<f32>, tensor<f32> -> tensor<f32>
    train.return %loss : tensor<f32>
  }
}
