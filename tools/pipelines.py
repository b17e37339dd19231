"""Named pipelines: data, each entry a pass with its parameters and the reason why it stands where it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ..dialects.errors import UserError
from .progress import doing
from .registry import PASSES, load


@dataclass(frozen=True)
class Step:
    """A pass of a pipeline. `options` are fixed; those named in `parameters` are filled in by the caller.

    A step with `only_with` runs only where that parameter is given.
    """

    name: str
    reason: str
    options: dict[str, int | float | str | bool] = field(default_factory=dict[str, int | float | str | bool])
    parameters: tuple[str, ...] = ()
    only_with: str | None = None


LEAST_GAIN = 0.5
"""In dB, what corrected biases must bring on rows held out: of eleven networks of MLPerf Tiny, MNIST and EdgeML seven
gain 0.6 to 1.4, which the test data confirm but for one, whose gain they do not show; the others -0.3 to 0.2."""

INTO_MEMORY: tuple[Step, ...] = (
    Step("fixed-legalize-bitwidths", "C has integers of 8, 16 and 32 bits only", {"storage": True}),
    Step("convert-fixed-to-memplan", "destinations for every value"),
    Step("memplan-fuse-loops", "before the input: recurrent layers on top of each other take it together"),
)
"""From tensors to memory, before anything is planned."""

CHECKED: tuple[Step, ...] = (
    Step("memplan-choose-layouts", "once forms and streams are final: how they read constants", {}, ("core",), "core"),
    Step("memplan-check", "no plan is used that an independent check has not accepted"),
)
"""Behind every plan."""

PIPELINES: dict[str, tuple[Step, ...]] = {
    "onnx-to-fixed": (
        Step(
            "onnx-fold-constants",
            "first: the passes below look for constants as direct operands",
            {},
            ("max_elements",),
        ),
        Step(
            "onnx-fuse-exponentials",
            "before ranges are taken: sums of exponentials have none that integers hold",
        ),
        Step("onnx-fuse-quantizers", "before ranges are taken: what the model itself quantizes has its types"),
        Step("onnx-select-paths", "before ranges are taken: rows that no path reaches need none"),
        Step("onnx-fuse-distances", "before ranges are taken: differences that are never stored need none"),
        Step("onnx-fold-pad", "before ranges are taken: a padded copy needs none where the layer pads"),
        Step("onnx-fold-bias", "one op per layer, so that each layer has one accumulator and one range"),
        Step("onnx-split-products", "once products are Gemms; before ranges: each part of a sum has one"),
        Step("onnx-fold-batch-normalization", "behind a bias as well; before ranges are taken"),
        Step("fixed-equalize", "on whole layers, before ranges are taken", {}, (), "equalize"),
        Step(
            "fixed-calibrate",
            "the final ops are known; types need their ranges",
            {},
            ("data", "method", "percentile", "bits"),
            "data",
        ),
        Step("fixed-assume-ranges", "instead of calibration, where only sizes are asked", {}, (), "nominal"),
        Step("onnx-fold-pad", "again: what pads with less than anything in the range of its operand is known now"),
        Step("fixed-read-types", "what a file sets of single values goes before the defaults", {}, ("file",), "file"),
        Step(
            "fixed-search-types",
            "behind the file: what it sets is not searched",
            {},
            ("data", "board", "weights", "flash", "ram", "cycles", "loss", "objective", "strategy")
            + ("bits", "scheme", "accumulator_bits", "spare_flash"),
            "strategy",
        ),
        Step(
            "fixed-assign-types",
            "every scale and width, before integers are made",
            {},
            ("bits", "scheme", "accumulator_bits", "spare_flash"),
        ),
        Step(
            "fixed-correct-bias",
            "once weights have types",
            {"least_gain": LEAST_GAIN},
            ("data", "least_gain"),
            "data",
        ),
        Step("convert-onnx-to-fixed", "multipliers and shifts from the types", {}, ("arithmetic", "product_bits")),
        Step(
            "fixed-legalize-bitwidths",
            "before bodies are fused: each change of scale still has its clamp behind it",
            {},
            ("product_bits",),
        ),
        Step("fixed-fold-casts", "before transposes move: a cast between two of them would keep them apart"),
        Step("fixed-fold-transposes", "NHWC throughout; before fusing, which needs neighbours to touch"),
        Step("fixed-fold-takes", "before fusing: what an index chooses is read where it lies"),
        Step("fixed-fuse-maps", "activations move into the layer before them: one buffer less each", {}, ("merge",)),
        Step("fixed-fold-shuffles", "layers with their activations store in the order that is read"),
        Step("fixed-find-thresholds", "once a layer and what is decided by it are one body", {}, (), "narrow"),
        Step("fixed-fold-zero-points", "once layers are whole: one subtraction less in each inner loop"),
        Step(
            "fixed-narrow-accumulators",
            "once bodies and zero points are settled, on cores that compute byte by byte",
            {},
            (),
            "narrow",
        ),
        Step("fixed-shorten-biases", "once zero points are part of them", {}, (), "narrow"),
        Step("fixed-narrow-bodies", "behind all that changes a body", {}, (), "narrow"),
        Step("cse", "the same constant once"),
        Step("dce", "constants that folding replaced"),
    ),
    "fixed-to-memplan": (
        *INTO_MEMORY,
        Step(
            "memplan-tile",
            "before the order and the places: both see how forms visit their points",
            {},
            ("operations", "flash", "packed", "costs"),
            "operations",
        ),
        Step("memplan-input", "before the order: the input takes part in it", {}, ("by",), "by"),
        Step("memplan-schedule", "before offsets: the order decides which buffers are alive together", {}, ("effort",)),
        Step("memplan-split-reductions", "so that a pool takes its input row by row", {}, (), "stream"),
        Step("memplan-stream", "after the order, before offsets: rows are placed", {}, ("effort",), "stream"),
        Step("memplan-inplace", "once lives are final: which outputs may overlap inputs"),
        Step(
            "memplan-place",
            "offsets, once order and aliases stand; the last bytes are what the objective ram is for",
            {"slack": 5},
            ("alignment", "memories", "effort"),
        ),
        *CHECKED,
    ),
    "fixed-to-memplan-within": (
        *INTO_MEMORY,
        Step("memplan-input", "before the plans are compared: the input takes part in them", {}, ("by",), "by"),
        Step(
            "memplan-fit",
            "orders, tiles, streams, moves and places as far as the RAM demands; the smallest plan where nothing fits",
            {"required": False},
            ("ram", "alignment", "max_recompute", "memories", "effort")
            + ("operations", "costs", "flash", "packed", "objective", "cycles"),
        ),
        *CHECKED,
    ),
    "memplan-to-emitc": (
        Step(
            "convert-memplan-to-loops",
            "loop bounds leave padding out",
            {"padding": "clip"},
            ("word_bits", "sections", "operations", "flat"),
        ),
        Step(
            "loops-use-machine-operations",
            "on plain arithmetic, before it is C",
            {},
            ("operations",),
            "operations",
        ),
        Step("loops-center-tables", "before loops are written out: one place for all looks", {}, (), "noinline"),
        Step("loops-unroll", "on what an iteration is in the end", {}, ("costs", "flash"), "costs"),
        Step("loops-share-sizes", "before only one size is known: functions of many", {}, (), "flat"),
        Step("loops-share-functions", "once all addresses are arguments", {}, ("numbers",), "share"),
        Step("loops-keep-functions", "once it is known how often they are called", {}, (), "keep"),
        Step(
            "convert-loops-to-emitc",
            "C types, for the index width of the core",
            {},
            ("index_bits", "near_flash", "noinline"),
        ),
        Step("emitc-choose-form", "how all that follows is spelled", {}, ("standard", "single_file"), "standard"),
        Step("emitc-call-hooks", "before functions take a state, which hooks do not", {}, (), "hooks"),
        Step("emitc-take-state", "once it is known which arrays are written", {}, (), "caller_state"),
        Step("emitc-separate-weights", "last: arrays are final", {}, (), "separate_weights"),
    ),
    "memplan-to-upstream": (
        Step("convert-memplan-to-loops", "plans without tiles: blocks are no ops of upstream", {"padding": "clip"}),
        Step("loops-strip-annotations", "last: passes of this project read what it removes"),
    ),
    "fixed-to-hls": (
        Step("fixed-narrow-accumulators", "hardware pays by the bit", {"exact": True}),
        Step("fixed-narrow-bodies", "behind it: bodies begin with accumulators", {"exact": True}),
        Step("dce", "constants that narrower ones replaced"),
        Step("convert-fixed-to-memplan", "destinations for every value; left unplaced, each is an array of its own"),
        Step("memplan-check", "no plan is used that an independent check has not accepted"),
        Step("memplan-overlap", "while forms say which rows they read: lanes follow from it", {}, (), "overlap"),
        Step("memplan-lanes", "while forms say what their dimensions are", {}, ("lanes", "multipliers"), "lanes"),
        Step(
            "memplan-allocate-lanes",
            "instead of the same for all; a tool of HLS makes pipelines that take a result in each clock",
            {"finish_clocks": 1},
            ("board", "strategy", "dsps"),
            "board",
        ),
        Step("convert-memplan-to-loops", "constant trip counts: padding is tested, not clipped", {"padding": "guard"}),
        Step("hls-finish", "while nests are loops: what follows a sum is a nest of its own", {}, (), "overlap"),
        Step("hls-flatten", "lanes become unrolled loops; synthesis makes one pipeline of a perfect nest"),
        Step("hls-interface", "before arrays are cut: ports are copied to arrays that may be", {}, ("ports",)),
        Step(
            "hls-dataflow",
            "once layers are nests; before arrays are cut, most of which it drops",
            {},
            (),
            "overlap",
        ),
        Step("hls-partition", "once lanes are loops, while addresses say what these read at once"),
        Step(
            "hls-multipliers",
            "behind arrays, which lanes read in words; before pipelines are",
            {},
            ("multiplier", "wide"),
        ),
        Step("hls-pipeline", "once banks are known: they say how often an iteration starts"),
        Step(
            "hls-check",
            "what synthesis would refuse, while addresses say what lanes access",
            {},
            ("memory_bits",),
        ),
        Step("loops-linear-indices", "before widths: an address is one number then"),
        Step("hls-rings", "once all that asks which elements lanes access has its answer"),
        Step("loops-narrow-indices", "counters and addresses as wide as they must be"),
        Step("convert-loops-to-emitc", "C++ types; no casts of pointers", {"index_bits": 32, "signless_ports": True}),
    ),
    "fixed-to-rtl": (
        Step("fixed-narrow-accumulators", "hardware pays by the bit", {"exact": True}),
        Step("fixed-narrow-bodies", "behind it: bodies begin with accumulators", {"exact": True}),
        Step("dce", "constants that narrower ones replaced"),
        Step("convert-fixed-to-memplan", "destinations for every value; left unplaced, each is a memory of its own"),
        Step("memplan-check", "no plan is used that an independent check has not accepted"),
        Step("memplan-overlap", "while forms say which rows they read"),
        Step("hls-double-ports", "before block RAMs are counted, for lanes", {}, (), "double"),
        Step(
            "memplan-rings",
            "behind the rows that forms wait for; without it, where buffers fit",
            {},
            ("slack", "bits"),
            "slack",
        ),
        Step("memplan-lanes", "while forms say what their dimensions are", {}, ("lanes", "multipliers"), "lanes"),
        Step(
            "memplan-allocate-lanes",
            "instead of the same for all; once it is known which forms overlap",
            {},
            ("board", "strategy", "dsps"),
            "board",
        ),
        Step("convert-memplan-to-loops", "constant trip counts: padding is tested, not clipped", {"padding": "guard"}),
        Step("loops-running-indices", "before widths: addresses are increments then"),
        Step("loops-narrow-indices", "counters and addresses as wide as they must be"),
        Step(
            "convert-loops-to-rtl",
            "a pipeline for each nest",
            {},
            ("levels", "multiplier", "wide", "read", "word_registers", "far_registers", "port_registers", "bank_bits"),
        ),
    ),
}


@dataclass
class Timing:
    """Seconds per stage, in order of first use."""

    stages: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def measure(self, stage: str) -> Generator[None]:
        """Add the time of a with block to a stage."""
        start = time.perf_counter()
        try:
            with doing(stage):
                yield
        finally:
            self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - start

    def seconds(self) -> dict[str, float]:
        """Rounded to milliseconds, with the total."""
        rounded = {stage: round(seconds, 3) for stage, seconds in self.stages.items()}
        return {**rounded, "total": round(sum(self.stages.values()), 3)}

    def print(self) -> None:
        """A table of stages."""
        from .show import print_table

        total = sum(self.stages.values())
        rows = [(stage, seconds, f"{100 * seconds / total:.0f} %") for stage, seconds in self.stages.items()]
        print_table("Compile time", ("stage", "seconds", "share"), [*rows, ("total", total, "100 %")])


def pipeline(name: str, **parameters: int | float | str | bool | None) -> list[ModulePass]:
    """The passes of a named pipeline with its parameters filled in; None leaves a pass's default.

    Raises UserError for an unknown pipeline or parameter.
    """
    if name not in PIPELINES:
        raise UserError(f"no pipeline '{name}'; there are {', '.join(PIPELINES)}")
    steps = PIPELINES[name]
    known = {p for step in steps for p in (*step.parameters, step.only_with)}
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise UserError(f"pipeline '{name}' has no parameter {', '.join(unknown)}")
    given = {key: value for key, value in parameters.items() if value is not None}
    return [build(step, given) for step in steps if step.only_with is None or step.only_with in given]


def build(step: Step, given: dict[str, int | float | str | bool]) -> ModulePass:
    """The pass of a step."""
    cls: type[ModulePass] = load(PASSES[step.name])
    options = {**step.options, **{p: given[p] for p in step.parameters if p in given}}
    names = {f.name for f in fields(cls)}
    assert set(options) <= names, f"{step.name} has options {sorted(names)}, not {sorted(options)}"
    return cls(**options)


def run_passes(
    module: ModuleOp,
    passes: Sequence[ModulePass],
    timing: Timing,
    context: Context | None = None,
    after: Callable[[ModulePass, ModuleOp], None] | None = None,
    verify_each: bool = False,
    verify: bool = True,
) -> None:
    """Run passes in order; `after` sees the module as each pass left it.

    A level is verified once, when its last pass is done: verifiers take a third of the time if they run after each
    pass, which `verify_each` asks for; without `verify` they do not run.
    """
    context = Context() if context is None else context
    for number, step in enumerate(passes, 1):
        with timing.measure(step.name):
            step.apply(context, module)
        if verify and (verify_each or number == len(passes) or leaves_level(passes[number])):
            with timing.measure("verify"):
                module.verify()
        if after is not None:
            after(step, module)


def leaves_level(step: ModulePass) -> bool:
    """True for a pass that takes a module to another level."""
    return step.name.startswith("convert-")
