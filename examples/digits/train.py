"""Train digits.onnx, a perceptron 64-32-10, and write calib.npz and test.npz: python examples/digits/train.py"""

from __future__ import annotations

from common import FOLDER, Digits, load_split, report, save_model
from onnx import helper
from sklearn.neural_network import MLPClassifier

HIDDEN = 32
CALIBRATION_ROWS = 100


def main() -> None:
    """Train on 70 % of the digits."""
    train, test = load_split()
    Digits(train.x[:CALIBRATION_ROWS], train.y[:CALIBRATION_ROWS]).save(FOLDER / "calib.npz")
    test.save(FOLDER / "test.npz")

    classifier = MLPClassifier((HIDDEN,), alpha=0.03, learning_rate_init=3e-3, max_iter=600, random_state=1)
    classifier.fit(train.real.reshape(-1, 64), train.y)
    (w1, w2), (b1, b2) = classifier.coefs_, classifier.intercepts_
    nodes = [
        helper.make_node("Flatten", ["image"], ["pixels"], "flatten"),
        helper.make_node("Gemm", ["pixels", "w1", "b1"], ["sums"], "hidden"),
        helper.make_node("Relu", ["sums"], ["features"], "relu"),
        helper.make_node("Gemm", ["features", "w2", "b2"], ["scores"], "classes"),
    ]
    report(save_model("digits", nodes, {"w1": w1, "b1": b1, "w2": w2, "b2": b2}), test)


if __name__ == "__main__":
    main()
