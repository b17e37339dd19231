// CHECK: func.func @quantized{{.*}} attributes {fixed.input_types = [!fixed.q<i8, 2^-1 : 3>]}
func.func @quantized(%x: tensor<1x4xi8>) -> tensor<2x2xi8> {
  // CHECK: onnx.Reshape {{.*}}fixed.type = !fixed.q<i8, 2^-1 : 3>
  %0 = onnx.Reshape %x : tensor<1x4xi8> -> tensor<2x2xi8>
  // CHECK: onnx.DequantizeLinear {{.*}}fixed.type = !fixed.q<i8, 2^-1 : 3>
  %1 = onnx.DequantizeLinear %0 {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i8>, axis = 1 : i64}
    : tensor<2x2xi8> -> tensor<2x2xf32>
  // CHECK: onnx.Relu {{.*}}fixed.type = !fixed.q<i8, 2^-2 : -128>
  %2 = onnx.Relu %1 : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK: onnx.QuantizeLinear {{.*}}fixed.type = !fixed.q<i8, 2^-2 : -128>
  %3 = onnx.QuantizeLinear %2 {scale = dense<0.25> : tensor<f32>, zero_point = dense<-128> : tensor<i8>, axis = 1 : i64}
    : tensor<2x2xf32> -> tensor<2x2xi8>
  func.return %3 : tensor<2x2xi8>
}
