// Integers pass on how they are read; each DequantizeLinear reads them in its own way, and weights with scales along the
// inputs become integers of one scale.
// CHECK:      fixed.input_types = [!fixed.q<i8, 2^-1 : 3>]
func.func @read_twice(%x: tensor<1x2xi8>) -> (tensor<1x3xi8>, tensor<1x2xf32>) {
  %q = onnx.Constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8> -> tensor<3x2xi8>
  // CHECK: onnx.DequantizeLinear {{.*}}fixed.type = !fixed.q<i8, 2^-4>
  %w = onnx.DequantizeLinear %q {scale = dense<[0.0625, 0.125]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi8>, axis = 1 : i64}
    : tensor<3x2xi8> -> tensor<3x2xf32>
  // CHECK: onnx.Identity {{.*}}fixed.type = !fixed.q<i8, 2^-1 : 3>
  %i = onnx.Identity %x : tensor<1x2xi8> -> tensor<1x2xi8>
  // CHECK: onnx.DequantizeLinear {{.*}}fixed.type = !fixed.q<i8, 2^-1 : 3>
  %a = onnx.DequantizeLinear %i {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i8>, axis = 1 : i64}
    : tensor<1x2xi8> -> tensor<1x2xf32>
  // CHECK: onnx.DequantizeLinear {{.*}}fixed.type = !fixed.q<i8, 2^-2 : 4>
  %b = onnx.DequantizeLinear %i {scale = dense<0.25> : tensor<f32>, zero_point = dense<4> : tensor<i8>, axis = 1 : i64}
    : tensor<1x2xi8> -> tensor<1x2xf32>
  // CHECK: onnx.Gemm {{.*}}fixed.type = !fixed.q<i8, 2^-3>
  %g = onnx.Gemm %a, %w : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<1x3xf32>
  %y = onnx.QuantizeLinear %g {scale = dense<0.125> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 1 : i64}
    : tensor<1x3xf32> -> tensor<1x3xi8>
  func.return %y, %b : tensor<1x3xi8>, tensor<1x2xf32>
}
