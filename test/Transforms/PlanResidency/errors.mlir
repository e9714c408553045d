// Strategies that do not exist, and names that the program does not have.
// RUN: not train-opt --train-plan-residency=remat=selectiv:gelu %s 2>&1 | FileCheck %s --check-prefix=NEAR
// NEAR: error: remat: there is no strategy 'selectiv', did you mean 'selective'?
// RUN: not train-opt --train-plan-residency=remat=zzz %s 2>&1 | FileCheck %s --check-prefix=FAR
// FAR: error: remat: there is no strategy 'zzz'; there are none, uniform:K, sqrt, block,
// RUN: not train-opt --train-plan-residency=remat=uniform %s 2>&1 | FileCheck %s --check-prefix=BARE
// BARE: error: remat: 'uniform' takes an argument: write uniform:K
// RUN: not train-opt --train-plan-residency=remat=uniform:0 %s 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: remat: 'uniform:K' needs a K of at least 1, got '0'
// RUN: not train-opt --train-plan-residency=remat=uniform:2x %s 2>&1 | FileCheck %s --check-prefix=GARBAGE
// GARBAGE: error: remat: 'uniform:K' needs a K of at least 1, got '2x'
// RUN: not train-opt --train-plan-residency=remat=sqrt:3 %s 2>&1 | FileCheck %s --check-prefix=MORE
// MORE: error: remat: 'sqrt' takes nothing after it: write sqrt
// RUN: not train-opt "--train-plan-residency=remat=selective:tanh," %s 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: remat: 'selective:NAME,...' has an empty name
// RUN: not train-opt --train-plan-residency=remat=policy:save-dot %s 2>&1 | FileCheck %s --check-prefix=POLICY
// POLICY: error: remat: there is no strategy 'policy:save-dot', did you mean 'policy:save-dots'?
// RUN: not train-opt --train-plan-residency=remat=policy:offload:x %s 2>&1 | FileCheck %s --check-prefix=OFFLOAD
// OFFLOAD: error: remat: offloading is not supported by this version
// RUN: not train-opt --train-plan-residency=remat=selective:tan %s 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: 'train.step' op has no op or layer 'tan' in its forward pass, did you mean 'tanh'?
// RUN: not train-opt --train-plan-residency=remat=budget %s 2>&1 | FileCheck %s --check-prefix=BUDGET
// BUDGET: error: remat=budget needs a budget of at least 1 byte, got 0

train.step @step(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  %a = train.tanh %x : tensor<4xf32>
  train.return %a : tensor<4xf32>
}
