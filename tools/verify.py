"""`tinyml verify`: is the result exact (every level gives the same integers), and is it close (to a reference)?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..dialects.harmless import in_quotes
from ..targets.dataset import Dataset
from ..targets.executors.fixed import FixedExecutor
from ..targets.ports import input_ports, output_ports, to_real, to_stored
from .compiling.compilation import Compilation, float_outputs
from .verifying.distance import DEFAULT_MIN_SNR, Criterion, Distance, distances
from .verifying.levels import compare_levels
from .verifying.litert import gives_its_integers
from .verifying.lowered import LoweredModel
from .verifying.node_table import NodeRow, node_rows, opening
from .verifying.node_wise import NodeExactness, node_wise
from .verifying.reference import quantized_by_author, reference_outputs
from .verifying.verdict import Verification

NODE_WISE_ROWS = 32
"""At most this many rows are evaluated exactly at once."""


@dataclass(frozen=True)
class Comparison:
    """What a user chooses: the reference, and when the result is close to it.

    `against` is float, exact, onnxruntime or litert, by default what the model is; the file `expected` replaces it,
    with as many rows as the data file has (`file_rows`; 0: as are used). `min_snr` is in dB, `tolerance` in steps.
    """

    against: str | None = None
    expected: Path | None = None
    file_rows: int = 0
    min_snr: float = DEFAULT_MIN_SNR
    tolerance: float | None = None


def verify(
    compilation: Compilation,
    dataset: Dataset,
    hls: bool = False,
    comparison: Comparison | None = None,
    rtl: str | None = None,
) -> Verification:
    """Run every level on the same stored integers, then measure outputs and nodes against the reference.

    Raises UserError where the reference cannot be had.
    """
    comparison = Comparison() if comparison is None else comparison
    quantized = quantized_by_author(compilation)
    source = comparison.against or default_reference(compilation, quantized)
    file_rows = comparison.file_rows or len(dataset)
    reference = reference_outputs(compilation, dataset, source, comparison.expected, file_rows)
    stored = to_stored(dataset, input_ports(compilation.function))
    run = FixedExecutor(compilation.fixed).run(stored, trace=True)
    levels = compare_levels(compilation, stored, run, hls, rtl)
    ports = output_ports(compilation.function)
    values = to_real(run.outputs, ports)
    outputs = distances(reference.outputs, values, ports)
    lowered = LoweredModel(compilation)
    nodes = node_rows(compilation, lowered, dataset, exact=quantized)
    by_node = quantized and reference.source == "exact"
    exactness = node_wise(lowered, dataset, NODE_WISE_ROWS) if by_node else []
    tolerance = comparison.tolerance
    if tolerance is None and reference.source == "litert" and gives_its_integers(compilation):
        tolerance = 0.0
    faults = output_faults(outputs, Criterion(quantized, comparison.min_snr, tolerance), nodes)
    if faults and exactness and comparison.tolerance is None:
        faults = node_faults(exactness, faults, compilation.board.product_bits)
    own = reference.outputs
    if reference.source in ("file", "onnxruntime", "litert"):
        own = float_outputs(compilation, dataset, exact=quantized)
    return Verification(
        rows=len(dataset),
        compared=levels,
        reference=reference.source,
        values=values,
        outputs=outputs,
        nodes=nodes,
        exactness=exactness,
        not_close=faults,
        float_error=max(float(np.abs(own[n].astype(np.float64) - values[n]).max()) for n in values),
        float_range=max(float(np.ptp(own[n].astype(np.float64))) for n in values),
    )


def default_reference(compilation: Compilation, quantized: bool) -> str:
    """LiteRT where its integers are what is computed, else the model itself, exactly where its author quantized it."""
    if gives_its_integers(compilation):
        return "litert"
    return "exact" if quantized else "float"


def output_faults(outputs: dict[str, Distance], criterion: Criterion, nodes: Sequence[NodeRow]) -> list[str]:
    """What is wrong with each output that is not close, and the node from which it is."""
    faults = [(name, fault) for name, distance in outputs.items() if (fault := criterion.fault(distance)) is not None]
    first = opening(nodes, criterion) if faults else None
    where = "no node is far from this program's own evaluation of the model"
    if first is not None:
        where = f"the distance opens at {in_quotes(first)}"
    return [f"output {in_quotes(name)}: {fault}; {where}" for name, fault in faults]


def node_faults(exactness: Sequence[NodeExactness], faults: list[str], product_bits: int) -> list[str]:
    """The faults of outputs with the first node that is not exact; none where every node is, but for ties.

    A tie may spread through the layers behind it until outputs are far: then each node is right, and so is the result.
    """
    for found in exactness:
        fault = found.fault(product_bits)
        if fault is not None:
            return [*faults, f"node {in_quotes(found.node.name)}: {fault}"]
    return []
