"""Every way to quantize a network with `quantize_static`, as a table: right, refused and why, or wrong.

    python test/fuzz/static_quantization.py [networks]

Takes the known networks and so many random ones; exit code 1 where one is wrong.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

import onnxruntime
from hypothesis import HealthCheck, Phase, given, settings
from support.known_networks import classifier, dense_block
from support.networks import Network
from support.random_networks import small_networks
from support.static_quantization import CONFIGURATIONS, Configuration, mixed_outcome, outcome

from tinyml_opt.dialects.errors import UserError


def random_networks(count: int) -> list[Network]:
    """So many random networks with a layer to quantize, the same ones each time."""
    found: list[Network] = []

    @settings(
        max_examples=10 * count,
        derandomize=True,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(small_networks())
    def collect(net: Network) -> None:
        if any(node.op_type in ("Conv", "Gemm") for node in net.nodes):
            found.append(net)

    collect()
    return found[-count:] if count else []


def judged(net: Network, configuration: Configuration) -> str:
    """What became of a network: right, mixed (values in float), refused or wrong, with the reason."""
    rows = net.rows(24)
    with TemporaryDirectory() as folder:
        with redirect_stdout(StringIO()):
            try:
                model = configuration.quantize(net, rows, Path(folder))
            except (RuntimeError, ValueError) as error:
                return f"not quantized: {str(error).splitlines()[0]}"
        try:
            try:
                found, word = outcome(model, rows, Path(folder)), "right"
            except UserError as error:
                if not all("give calibration data (--calib)" in reason for reason in error.reasons):
                    raise
                found, word = mixed_outcome(model, rows, Path(folder)), "mixed"
        except UserError as error:
            return f"refused: {error.reasons[0]}"
    if found.faults or (word == "right" and not found.right):
        return f"wrong: {found.steps:.2f} steps from onnxruntime; {'; '.join(found.faults)}"
    return f"{word}: {found.steps:.2f} steps from onnxruntime, {found.ties} ties"


def table(networks: dict[str, Network]) -> Iterator[tuple[str, str, str]]:
    """Configuration, network, judgement."""
    for name, configuration in CONFIGURATIONS.items():
        for label, net in networks.items():
            yield name, label, judged(net, configuration)


def main() -> int:
    """Print the table, and how many are what."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    onnxruntime.set_default_logger_severity(3)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    networks = {"classifier": classifier(), "dense_block": dense_block()}
    networks |= {f"random {index}": net for index, net in enumerate(random_networks(count))}
    counts: dict[str, int] = {}
    for name, label, judgement in table(networks):
        print(f"{name:<40} {label:<12} {judgement}", flush=True)
        word = judgement.split(":")[0]
        counts[word] = counts.get(word, 0) + 1
    print(counts)
    return 1 if counts.get("wrong") else 0


if __name__ == "__main__":
    sys.exit(main())
