// A foreign oracle: PyTorch computes the same outputs in f64 from the same inputs. Run where `torch` is a
// feature of the machine (TRAIN_TEST_FEATURES=torch, with a python3 that imports it).
// REQUIRES: torch
// RUN: rm -rf %t && train-interp %s --program=ops --dump=%t --print=hash --seed=3
// RUN: python3 %S/Inputs/torch_oracle.py %t/outputs

// Inputs come back as outputs, so that the script needs nothing but the dump.
train.predict @ops(%x: tensor<4x6xf64>, %gamma: tensor<6xf64>, %beta: tensor<6xf64>, %dy: tensor<4x6xf64>,
                   %q: tensor<2x5x4x3xf64>, %k: tensor<2x7x2x3xf64>, %v: tensor<2x7x2x3xf64>, %dout: tensor<2x5x4x3xf64>,
                   %image: tensor<2x4x9x8xf64>, %filter: tensor<6x2x3x3xf64>, %labels: tensor<4xi64>,
                   %channels: tensor<4xf64>, %shift: tensor<4xf64>, %dimage: tensor<2x4x9x8xf64>)
    -> (x: tensor<4x6xf64>, gamma: tensor<6xf64>, beta: tensor<6xf64>, dy: tensor<4x6xf64>,
        q: tensor<2x5x4x3xf64>, k: tensor<2x7x2x3xf64>, v: tensor<2x7x2x3xf64>, dout: tensor<2x5x4x3xf64>,
        image: tensor<2x4x9x8xf64>, filter: tensor<6x2x3x3xf64>, labels: tensor<4xi64>,
        channels: tensor<4xf64>, shift: tensor<4xf64>, dimage: tensor<2x4x9x8xf64>,
        gelu_erf: tensor<4x6xf64>, gelu_tanh: tensor<4x6xf64>, silu: tensor<4x6xf64>,
        d_gelu_erf: tensor<4x6xf64>, d_gelu_tanh: tensor<4x6xf64>, d_silu: tensor<4x6xf64>,
        softmax: tensor<4x6xf64>, log_softmax: tensor<4x6xf64>,
        layer_norm: tensor<4x6xf64>, d_layer_norm: tensor<4x6xf64>, d_layer_gamma: tensor<6xf64>, d_layer_beta: tensor<6xf64>,
        rms_norm: tensor<4x6xf64>, d_rms_norm: tensor<4x6xf64>, d_rms_gamma: tensor<6xf64>,
        batch_norm: tensor<2x4x9x8xf64>, d_batch_norm: tensor<2x4x9x8xf64>, d_batch_gamma: tensor<4xf64>, d_batch_beta: tensor<4xf64>,
        attention: tensor<2x5x4x3xf64>, dq: tensor<2x5x4x3xf64>, dk: tensor<2x7x2x3xf64>, dv: tensor<2x7x2x3xf64>,
        conv: tensor<2x6x5x4xf64>, d_conv_input: tensor<2x4x9x8xf64>, d_conv_filter: tensor<6x2x3x3xf64>,
        max_pool: tensor<2x4x5x4xf64>, d_max_pool: tensor<2x4x9x8xf64>,
        avg_pool: tensor<2x4x5x4xf64>, d_avg_pool: tensor<2x4x9x8xf64>,
        cross_entropy: tensor<f64>, d_cross_entropy: tensor<4x6xf64>, mse: tensor<f64>) {
  %gelu_erf = train.gelu erf %x : tensor<4x6xf64>
  %gelu_tanh = train.gelu tanh %x : tensor<4x6xf64>
  %silu = train.silu %x : tensor<4x6xf64>
  %d_gelu_erf = train.gelu_backward erf %dy, %x : tensor<4x6xf64>
  %d_gelu_tanh = train.gelu_backward tanh %dy, %x : tensor<4x6xf64>
  %d_silu = train.silu_backward %dy, %x : tensor<4x6xf64>
  %softmax = train.softmax %x : tensor<4x6xf64>
  %log_softmax = train.log_softmax %x : tensor<4x6xf64>

  %ln, %mean, %rstd = train.layer_norm %x, %gamma, %beta {eps = 1.0e-5 : f64} : tensor<4x6xf64>, tensor<6xf64>, tensor<6xf64> -> tensor<4x6xf64>, tensor<4xf64>, tensor<4xf64>
  %dln = train.layer_norm_backward %dy, %x, %gamma, %mean, %rstd : tensor<4x6xf64>, tensor<4x6xf64>, tensor<6xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<4x6xf64>
  %dlg, %dlb = train.layer_norm_param_grad %dy, %x, %mean, %rstd : tensor<4x6xf64>, tensor<4x6xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<6xf64>, tensor<6xf64>
  %rms, %rrstd = train.rms_norm %x, %gamma {eps = 1.0e-5 : f64} : tensor<4x6xf64>, tensor<6xf64> -> tensor<4x6xf64>, tensor<4xf64>
  %drms = train.rms_norm_backward %dy, %x, %gamma, %rrstd : tensor<4x6xf64>, tensor<4x6xf64>, tensor<6xf64>, tensor<4xf64> -> tensor<4x6xf64>
  %drg = train.rms_norm_param_grad %dy, %x, %rrstd : tensor<4x6xf64>, tensor<4x6xf64>, tensor<4xf64> -> tensor<6xf64>
  %bn, %bmean, %bvar = train.batch_norm %image, %channels, %shift {eps = 1.0e-5 : f64, momentum = 0.1 : f64} : tensor<2x4x9x8xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<2x4x9x8xf64>, tensor<4xf64>, tensor<4xf64>
  %dbg, %dbb = train.batch_norm_param_grad %dimage, %image, %bmean, %bvar {eps = 1.0e-5 : f64} : tensor<2x4x9x8xf64>, tensor<2x4x9x8xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<4xf64>, tensor<4xf64>
  %dbn = train.batch_norm_backward %dimage, %image, %channels, %bmean, %bvar, %dbg, %dbb {eps = 1.0e-5 : f64} : tensor<2x4x9x8xf64>, tensor<2x4x9x8xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<2x4x9x8xf64>

  %att, %lse = train.attention %q, %k, %v {scale = 0.7 : f64, causal} : tensor<2x5x4x3xf64>, tensor<2x7x2x3xf64>, tensor<2x7x2x3xf64> -> tensor<2x5x4x3xf64>, tensor<2x4x5xf64>
  %dq, %dk, %dv = train.attention_backward %q, %k, %v, %att, %lse, %dout {scale = 0.7 : f64, causal} : tensor<2x5x4x3xf64>, tensor<2x7x2x3xf64>, tensor<2x7x2x3xf64>, tensor<2x4x5xf64> -> tensor<2x5x4x3xf64>, tensor<2x7x2x3xf64>, tensor<2x7x2x3xf64>

  %conv = train.conv2d %image, %filter {strides = array<i64: 2, 2>, padding = array<i64: 2, 1, 2, 1>, dilations = array<i64: 2, 1>, groups = 2 : i64} : tensor<2x4x9x8xf64>, tensor<6x2x3x3xf64> -> tensor<2x6x5x4xf64>
  %dci = train.conv2d_transpose %conv, %filter {size = array<i64: 9, 8>, strides = array<i64: 2, 2>, padding = array<i64: 2, 1, 2, 1>, dilations = array<i64: 2, 1>, groups = 2 : i64} : tensor<2x6x5x4xf64>, tensor<6x2x3x3xf64> -> tensor<2x4x9x8xf64>
  %dcf = train.conv2d_filter_grad %image, %conv {size = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 2, 1, 2, 1>, dilations = array<i64: 2, 1>, groups = 2 : i64} : tensor<2x4x9x8xf64>, tensor<2x6x5x4xf64> -> tensor<6x2x3x3xf64>
  %mp, %indices = train.max_pool2d %image {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>} : tensor<2x4x9x8xf64> -> tensor<2x4x5x4xf64>, tensor<2x4x5x4xi32>
  %dmp = train.max_pool2d_backward %mp, %indices {size = array<i64: 9, 8>, window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>} : tensor<2x4x5x4xf64>, tensor<2x4x5x4xi32> -> tensor<2x4x9x8xf64>
  %ap = train.avg_pool2d %image {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>} : tensor<2x4x9x8xf64> -> tensor<2x4x5x4xf64>
  %dap = train.avg_pool2d_backward %ap {size = array<i64: 9, 8>, window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>} : tensor<2x4x5x4xf64> -> tensor<2x4x9x8xf64>

  %ce, %celse, %count = train.cross_entropy %x, %labels {ignore_index = 1 : i64} : tensor<4x6xf64>, tensor<4xi64> -> tensor<f64>, tensor<4xf64>, tensor<f64>
  %one = train.constant dense<1.0> : tensor<f64>
  %dce = train.cross_entropy_backward %one, %x, %labels, %celse, %count {ignore_index = 1 : i64} : tensor<f64>, tensor<4x6xf64>, tensor<4xi64>, tensor<4xf64>, tensor<f64> -> tensor<4x6xf64>
  %mse = train.mse %x, %dy : tensor<4x6xf64>, tensor<4x6xf64> -> tensor<f64>
  train.return %x, %gamma, %beta, %dy, %q, %k, %v, %dout, %image, %filter, %labels, %channels, %shift, %dimage,
      %gelu_erf, %gelu_tanh, %silu, %d_gelu_erf, %d_gelu_tanh, %d_silu, %softmax, %log_softmax,
      %ln, %dln, %dlg, %dlb, %rms, %drms, %drg, %bn, %dbn, %dbg, %dbb,
      %att, %dq, %dk, %dv, %conv, %dci, %dcf, %mp, %dmp, %ap, %dap, %ce, %dce, %mse
      : tensor<4x6xf64>, tensor<6xf64>, tensor<6xf64>, tensor<4x6xf64>, tensor<2x5x4x3xf64>, tensor<2x7x2x3xf64>, tensor<2x7x2x3xf64>, tensor<2x5x4x3xf64>,
        tensor<2x4x9x8xf64>, tensor<6x2x3x3xf64>, tensor<4xi64>, tensor<4xf64>, tensor<4xf64>, tensor<2x4x9x8xf64>,
        tensor<4x6xf64>, tensor<4x6xf64>, tensor<4x6xf64>, tensor<4x6xf64>, tensor<4x6xf64>, tensor<4x6xf64>, tensor<4x6xf64>, tensor<4x6xf64>,
        tensor<4x6xf64>, tensor<4x6xf64>, tensor<6xf64>, tensor<6xf64>, tensor<4x6xf64>, tensor<4x6xf64>, tensor<6xf64>,
        tensor<2x4x9x8xf64>, tensor<2x4x9x8xf64>, tensor<4xf64>, tensor<4xf64>,
        tensor<2x5x4x3xf64>, tensor<2x5x4x3xf64>, tensor<2x7x2x3xf64>, tensor<2x7x2x3xf64>,
        tensor<2x6x5x4xf64>, tensor<2x4x9x8xf64>, tensor<6x2x3x3xf64>, tensor<2x4x5x4xf64>, tensor<2x4x9x8xf64>, tensor<2x4x5x4xf64>, tensor<2x4x9x8xf64>,
        tensor<f64>, tensor<4x6xf64>, tensor<f64>
}
