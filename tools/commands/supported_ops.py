"""`tinyml supported-ops`."""

from __future__ import annotations

from argparse import Namespace

from ...lowering.import_onnx.computed import BOUNDS
from ...lowering.import_onnx.operators import LIMITS
from ...lowering.import_onnx.quantized_operators import QUANTIZED, translations
from ...lowering.import_onnx.recurrence.importer import WRITTEN
from ...lowering.import_tflite.operators import TRANSLATIONS as TFLITE
from ..show import print_json, print_table


def execute(args: Namespace) -> int:
    """List the operators that the importer takes."""
    operators = dict.fromkeys(BOUNDS, "of constants only: computed at import")
    operators |= {name: LIMITS.get(name.split(".")[-1], "") for name in (*translations(), *WRITTEN)}
    operators |= {name: f"as {q.operator}" for name, q in QUANTIZED.items() if name in operators}
    operators |= {f"tflite.{name}": "" for name in TFLITE}
    operators = dict(sorted((operators | {"Constant": ""}).items()))
    if args.json:
        print_json(operators)
        return 0
    print_table("Operators of ONNX and TFLite", ("operator", "limits"), list(operators.items()))
    print("Every other operator is refused, with the node's name, before any work is done.")
    return 0
