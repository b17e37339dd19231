// RUN: tinyml-opt -p onnx-carry-rows %s | filecheck %s

// A row of the layer follows from 3 rows of the input, of which 2 are carried; the pool needs all 4 that the layer makes.
// CHECK:      func.func @pooled(%[[X:.*]]: tensor<1x2x6x5xf32>)
// CHECK:        %[[ROWS:.*]] = onnx.Transpose %[[X]] {perm = array<i64: 2, 0, 3, 1>
// CHECK-NEXT:   %[[STEPS:.*]] = onnx.Reshape %[[ROWS]] {{.*}} -> tensor<6x1x1x5x2xf32>
// CHECK:        %[[RING:.*]] = onnx.Constant dense<0.000000e+00> : tensor<3x1x5x2xf32>
// CHECK:        %[[POOLED:.*]] = onnx.Constant dense<0.000000e+00> : tensor<4x1x5x1xf32>
// CHECK-NEXT:   onnx.Scan 6 states(%[[RING]], %[[POOLED]] : {{.*}}) ins(%[[STEPS]] : {{.*}}) along <0>
// CHECK-NEXT:   ^bb0(%[[OLD:.*]]: tensor<3x1x5x2xf32>, %{{.*}}: tensor<4x1x5x1xf32>, %{{.*}}: tensor<1x1x5x2xf32>):
// CHECK:          %[[OLDER:.*]] = onnx.Slice %[[OLD]] {starts = array<i64: 1, 0, 0, 0>
// CHECK-NEXT:     %[[LAST:.*]] = onnx.Concat %[[OLDER]], %{{.*}} {axis = 0 : i64
// CHECK-NEXT:     %[[WINDOW:.*]] = onnx.Transpose %[[LAST]] {perm = array<i64: 1, 3, 0, 2>} {{.*}} -> tensor<1x2x3x5xf32>
// CHECK-NEXT:     onnx.Conv %[[WINDOW]], {{.*}} pads = array<i64: 0, 1, 0, 1>
// CHECK:          onnx.Next states(%[[LAST]], %{{.*}}
// CHECK:        onnx.GlobalAveragePool
func.func @pooled(%x: tensor<1x2x6x5xf32>) -> tensor<1x1x1x1xf32> {
  %w = onnx.Constant dense<0.5> : tensor<1x2x3x3xf32> -> tensor<1x2x3x3xf32>
  %0 = onnx.Conv %x, %w {group = 1 : i64, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>,
    dilations = array<i64: 1, 1>} : (tensor<1x2x6x5xf32>, tensor<1x2x3x3xf32>) -> tensor<1x1x4x5xf32>
  %1 = onnx.GlobalAveragePool %0 : (tensor<1x1x4x5xf32>) -> tensor<1x1x1x1xf32>
  func.return %1 : tensor<1x1x1x1xf32>
}

// What a scan takes row by row stays.
// CHECK:      func.func @recurrent(%x: tensor<4x2xf32>)
// CHECK-NEXT:   %h0 = onnx.Constant
// CHECK-NEXT:   onnx.Scan 4 states(%h0 : tensor<2xf32>) ins(%x : tensor<4x2xf32>)
func.func @recurrent(%x: tensor<4x2xf32>) -> tensor<2xf32> {
  %h0 = onnx.Constant dense<0.0> : tensor<2xf32> -> tensor<2xf32>
  %y = onnx.Scan 4 states(%h0 : tensor<2xf32>) ins(%x : tensor<4x2xf32>)
      along <0> reversed <0> stacks along <> reversed <> do {
  ^bb0(%h: tensor<2xf32>, %xt: tensor<2xf32>):
    %n = onnx.Add %h, %xt : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    onnx.Next states(%n : tensor<2xf32>)
  } -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
