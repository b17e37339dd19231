"""`tinyml verify`."""

from __future__ import annotations

from argparse import Namespace

from ...dialects.harmless import in_terminal
from ..api.program import Program
from ..compiler import compile_model
from ..compiling.options import options_of
from ..outputs import write_outputs
from ..planning_limit import say_limit
from ..show import print_json, print_line, print_remarks, print_table
from ..verify import Comparison
from ..verifying.distance import Distance
from ..verifying.node_table import NodeRow, worst_first
from ..verifying.verdict import Verification

SHOWN_NODES = 10


def execute(args: Namespace) -> int:
    """Print both verdicts and what they rest on; exit code 1 where the result is not exact, or not close."""
    compilation = compile_model(options_of(args))
    program = Program(compilation)
    whole = program.dataset(args.data)
    dataset = whole.head(args.limit) if args.limit else whole
    comparison = Comparison(args.against, args.expected, len(whole), args.min_snr, args.tolerance)
    result = program.verify(dataset, comparison, args.hls, args.rtl)
    if args.outputs is not None:
        write_outputs(args.outputs, result.values)
    print_remarks(compilation.remarks)
    if args.timing:
        compilation.timing.print()
    if args.json:
        print_json({**result.to_json(), "remarks": compilation.remarks})
    else:
        show(result, len(result.nodes) if args.nodes == "all" else SHOWN_NODES)
    say_limit(compilation)
    return 0 if result.exact and result.close else 1


def show(result: Verification, nodes: int) -> None:
    """Tables of levels, outputs and the worst nodes, then the verdicts."""
    rows = [("fixed", "reference", "")]
    for level in result.levels:
        outcome = "equal" if level.difference is None else f"DIFFERS at {level.difference}"
        outcome += "" if level.cycles is None else f", {level.cycles:,} cycles"
        rows.append((level.level, outcome, f"{level.compared:,} integers"))
    caption = (
        f"float and integer outputs differ by at most {result.float_error:.4g} (float range {result.float_range:.4g})"
    )
    print_table(f"{result.rows} inputs through every level", ("level", "against fixed", "compared"), rows, caption)
    for note in result.not_run:
        print_line(f"not run: {note}")
    outputs = [(in_terminal(name), *figures(d), f"{d.share_over_2:.2%}") for name, d in result.outputs.items()]
    title = f"Outputs against the reference: {result.reference}"
    print_table(title, ("output", "SNR, dB", "greatest distance, steps", "over 2 steps"), outputs)
    shown = worst_first(result.nodes)[:nodes]
    more = (
        f"the worst {len(shown)} of {len(result.nodes)}; --nodes all shows all"
        if len(shown) < len(result.nodes)
        else None
    )
    columns = ("node", "SNR, dB", "greatest distance, steps", "saturated", "type", "range")
    print_table("Nodes against the model's own values, worst first", columns, [node_cells(row) for row in shown], more)
    show_verdicts(result)


def node_cells(row: NodeRow) -> tuple[object, ...]:
    """A node's row of the table."""
    low, high = row.range
    return (in_terminal(row.node.name), *figures(row.distance), row.saturated, row.type, f"[{low:.4g}, {high:.4g}]")


def figures(distance: Distance) -> tuple[str, str]:
    """SNR and greatest distance of an output or a node."""
    snr = "equal" if distance.equal else "none" if distance.snr_db is None else f"{distance.snr_db:.1f}"
    return snr, "not finite" if distance.greatest is None else f"{distance.greatest:.2f}"


def show_verdicts(result: Verification) -> None:
    """A line for each verdict, or for each reason against it."""
    if result.exactness:
        values, ties, unequal = (sum(getattr(n, k) for n in result.exactness) for k in ("values", "ties", "unequal"))
        worst = max(n.worst for n in result.exactness)
        print_line(
            f"{values:,} integers of {len(result.exactness)} nodes against an exact evaluation of each node's inputs: "
            f"{ties:,} ties, {unequal:,} others not equal, {worst:.2g} steps beyond rounding at most"
        )
    if result.exact:
        print_line("exact: all levels equal from `fixed` down")
    if result.close:
        print_line(f"close: to the reference ({result.reference})")
    for reason in result.reasons():
        print_line(reason)
