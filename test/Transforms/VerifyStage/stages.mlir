// Each stage of a real training passes its own check.
// RUN: train-models gpt2 --layers 1 --width 32 --heads 2 --seq 8 --vocab 64 --batch 2 | train-opt --train-verify-stage --train-derive-programs --train-verify-stage --train-differentiate --train-verify-stage --train-optimizer --train-verify-stage | FileCheck %s
// CHECK: train.stage = #train<stage step>
