"""Train small models with scikit-learn and export them: python examples/exports/sklearn_models.py

Needs scikit-learn and skl2onnx. Writes NAME.onnx and NAME.npz beside this file: inputs `X`, and what scikit-learn says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

FOLDER = Path(__file__).parent

ROWS = 120


def data() -> tuple[Any, Any, Any]:
    """Features of four sensors, one of three classes, and a quantity."""
    random = np.random.default_rng(3)
    x = random.normal(size=(ROWS, 4)).astype(np.float32)
    classes = (x[:, 0] + x[:, 1] > 0).astype(int) + (x[:, 2] > 0.5)
    return x, classes, (np.tanh(x[:, 0]) + 0.5 * x[:, 3]).astype(np.float32)


def main() -> None:
    x, classes, quantity = data()
    classifiers = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "logistic_two": make_pipeline(Normalizer(), LogisticRegression()),
        "linear_svc": LinearSVC(),
        "svc": make_pipeline(MinMaxScaler(), SVC(gamma=2.0, C=0.5)),
        "tree": DecisionTreeClassifier(max_depth=3),
        "forest": RandomForestClassifier(3, max_depth=3, random_state=0),
    }
    for name, model in classifiers.items():
        target = classes > 0 if name == "logistic_two" else classes
        model.fit(x, target.astype(int))
        write(name, model, x, model.predict(x).astype(np.int64))
    for name, model in {"linear": LinearRegression(), "svr": SVR(C=0.5)}.items():
        model.fit(x, quantity)
        write(name, model, x, model.predict(x).astype(np.float32))


def write(name: str, model: Any, x: Any, expected: Any) -> None:
    """NAME.onnx and NAME.npz."""
    exported = to_onnx(model, x[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    (FOLDER / f"sklearn_{name}.onnx").write_bytes(exported.SerializeToString())
    np.savez(FOLDER / f"sklearn_{name}.npz", X=x, y=expected)


if __name__ == "__main__":
    main()
