// RUN: tinyml-opt %s --verify-diagnostics | filecheck %s

// CHECK: an initiation interval is at least 1 cycle, got 0
mcu.pipeline ii 0
