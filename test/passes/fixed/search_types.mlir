// RUN: %python -c "import numpy; numpy.savez('%t.npz', x=numpy.random.default_rng(1).uniform(-1, 1, (50, 4)).astype('f4'))"
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.npz},fixed-search-types{data=%t.npz weights=20 board=uno}' %s | filecheck %s
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.npz},fixed-search-types{data=%t.npz weights=10 board=uno}' %s | filecheck %s --check-prefix=TIGHT
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.npz},fixed-search-types{data=%t.npz weights=1000 board=uno}' %s | filecheck %s --check-prefix=LOOSE
// RUN: not tinyml-opt -p 'fixed-search-types{data=%t.npz strategy=all}' %s 2>&1 | filecheck %s --check-prefix=WRONG
// WRONG: error: fixed-search-types: strategy is one of exact, shiftry, sensitivity and objective one of outputs, labels, got all, outputs

// 24 bytes of weights at 8 bits: what comes to the output in thousandths gets 4, and half of the bytes.
// CHECK-LABEL: func.func @f
// CHECK-SAME:    fixed.search = [{{.*}}(taken), 4 bits: 1, 8 bits: 5, 16 bits: 0
// CHECK:         fixed.bits = 8 : i64{{.*}} node = "coarse"
// CHECK:         fixed.bits = 4 : i64{{.*}} node = "fine"
// TIGHT-LABEL: func.func @f
// TIGHT:         fixed.bits = 4 : i64{{.*}} node = "coarse"
// TIGHT:         fixed.bits = 4 : i64{{.*}} node = "fine"
// Where all fits what is cheaper is taken among what nobody can tell apart.
// LOOSE-LABEL: func.func @f
// LOOSE:         fixed.bits = 8 : i64{{.*}} node = "coarse"
func.func @f(%x: tensor<1x4xf32> {onnx.name = "x"}) -> tensor<1x3xf32> {
  %coarse = onnx.Constant dense<[[5.0, 1.0, 2.5, -7.1], [1.3, 8.0, -3.0, 2.0], [0.3, 4.4, -3.0, 2.0]]> : tensor<3x4xf32> {node = "coarse"} -> tensor<3x4xf32>
  %fine = onnx.Constant dense<[[0.005, 0.001, 0.002, -0.007], [0.001, 0.004, -0.003, 0.002], [0.003, 0.004, -0.003, 0.002]]> : tensor<3x4xf32> {node = "fine"} -> tensor<3x4xf32>
  %0 = onnx.Gemm %x, %coarse {node = "a"} : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
  %1 = onnx.Gemm %x, %fine {node = "b"} : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
  %2 = onnx.Add %0, %1 {node = "c"} : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  func.return %2 : tensor<1x3xf32>
}
