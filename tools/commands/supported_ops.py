"""`tinyml supported-ops`."""

from __future__ import annotations

from argparse import Namespace

from ...lowering.import_onnx.computed import BOUNDS
from ...lowering.import_onnx.operators import LIMITS
from ...lowering.import_onnx.quantized_operators import translations
from ..show import print_json, print_table


def execute(args: Namespace) -> int:
    """List the operators that the importer takes."""
    computed = dict.fromkeys(BOUNDS, "of constants only: computed at import")
    taken = {name: LIMITS.get(name, "") for name in translations()}
    operators = dict(sorted((computed | taken | {"Constant": ""}).items()))
    if args.json:
        print_json(operators)
        return 0
    print_table("ONNX operators", ("operator", "limits"), list(operators.items()))
    print("Every other operator is refused, with the node's name, before any work is done.")
    return 0
