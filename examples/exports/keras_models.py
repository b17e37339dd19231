"""Train a small network with Keras and export it with tf2onnx and as TFLite: python examples/exports/keras_models.py

Needs tensorflow and tf2onnx. Writes keras.onnx, keras_float.tflite, keras_int8.tflite and keras.npz: inputs `x`, labels
`y`, and the scores of the network in float.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent

ROWS = 96


def data() -> tuple[Any, Any]:
    """Images with a bright row, column or diagonal, and which of these it is."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, ROWS)
    images = random.normal(0, 0.3, (ROWS, 8, 8, 1)).astype(np.float32)
    for image, label, place in zip(images, labels, random.integers(0, 8, ROWS), strict=True):
        rows = np.arange(8)
        where = (place, rows) if label == 0 else (rows, place) if label == 1 else (rows, (rows + place) % 8)
        image[where] += 1
    return images, labels


def network() -> Any:
    """A convolution, a depthwise and a pointwise one, a mean, a layer, a softmax."""
    keras = tf.keras
    tf.random.set_seed(0)
    return keras.Sequential(
        [
            keras.layers.Input((8, 8, 1), name="x"),
            keras.layers.Conv2D(8, 3, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(16, 1, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax", name="scores"),
        ]
    )


def main() -> None:
    x, labels = data()
    net = network()
    net.compile(tf.keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    net.fit(x, labels, epochs=60, verbose=0)
    np.savez(FOLDER / "keras.npz", x=x, y=labels, scores=net.predict(x, verbose=0))
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    (FOLDER / "keras_float.tflite").write_bytes(converter.convert())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in x)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (FOLDER / "keras_int8.tflite").write_bytes(converter.convert())
    import tf2onnx

    # With Keras 3 tf2onnx converts a function of TensorFlow.
    shape = [tf.TensorSpec((1, 8, 8, 1), tf.float32, name="x")]
    model, _ = tf2onnx.convert.from_function(tf.function(lambda x: net(x)), shape, opset=17)
    (FOLDER / "keras.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
