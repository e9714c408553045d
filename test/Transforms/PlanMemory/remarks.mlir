// The size of the arena beside its lower bound, and how it was found.
// RUN: train-opt --train-schedule --train-plan-memory --remark-policy=all --remarks-filter="train-.*" %S/loop.mlir -o %t 2>&1 | FileCheck %s
// CHECK: Scheduled {{.*}} peak_bytes={{[0-9]+}}
// CHECK: ArenaPlanned {{.*}} arena_bytes=[[BYTES:[0-9]+]], lower_bound_bytes=[[BYTES]], persistent_bytes=16384
