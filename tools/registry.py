"""One flat table from names to the modules that hold them; nothing is imported before its name is used.

A module path is relative to the package: `passes.memplan.place:PlacePass`; one that starts with `xdsl.` is xDSL's own.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

DIALECTS = {
    "arith": "xdsl.dialects.arith:Arith",
    "builtin": "xdsl.dialects.builtin:Builtin",
    "emitc": "dialects.emitc:EmitC",
    "fixed": "dialects.fixed:Fixed",
    "func": "xdsl.dialects.func:Func",
    "hls": "dialects.hls:Hls",
    "mcu": "dialects.mcu:Mcu",
    "memplan": "dialects.memplan:Memplan",
    "memref": "xdsl.dialects.memref:MemRef",
    "onnx": "dialects.onnx:Onnx",
    "rtl": "dialects.rtl:Rtl",
    "scf": "xdsl.dialects.scf:Scf",
    "tensor": "xdsl.dialects.tensor:Tensor",
    "test": "xdsl.dialects.test:Test",
}

PASSES = {
    "canonicalize": "xdsl.transforms.canonicalize:CanonicalizePass",
    "convert-fixed-to-memplan": "lowering.fixed_to_memplan.convert:ConvertFixedToMemplanPass",
    "convert-loops-to-emitc": "lowering.loops_to_emitc.convert:ConvertLoopsToEmitcPass",
    "convert-loops-to-rtl": "lowering.loops_to_rtl.convert:ConvertLoopsToRtlPass",
    "convert-memplan-to-loops": "lowering.memplan_to_loops.convert:ConvertMemplanToLoopsPass",
    "convert-onnx-to-fixed": "lowering.onnx_to_fixed.convert:ConvertOnnxToFixedPass",
    "cse": "xdsl.transforms.common_subexpression_elimination:CommonSubexpressionElimination",
    "dce": "xdsl.transforms.dead_code_elimination:DeadCodeElimination",
    "emitc-call-hooks": "passes.emitc.call_hooks:CallHooksPass",
    "emitc-choose-form": "passes.emitc.choose_form:ChooseFormPass",
    "emitc-separate-weights": "passes.emitc.separate_weights:SeparateWeightsPass",
    "emitc-take-state": "passes.emitc.take_state:TakeStatePass",
    "fixed-assign-types": "passes.fixed.assign_types:AssignTypesPass",
    "fixed-assume-ranges": "passes.fixed.assume_ranges:AssumeRangesPass",
    "fixed-calibrate": "passes.fixed.calibrate:CalibratePass",
    "fixed-correct-bias": "passes.fixed.correct_bias:CorrectBiasPass",
    "fixed-equalize": "passes.fixed.equalize:EqualizePass",
    "fixed-expose-nodes": "passes.fixed.expose_nodes:ExposeNodesPass",
    "fixed-find-thresholds": "passes.fixed.find_thresholds:FindThresholdsPass",
    "fixed-fold-casts": "passes.fixed.fold_casts:FoldCastsPass",
    "fixed-fold-shuffles": "passes.fixed.fold_shuffles:FoldShufflesPass",
    "fixed-fold-takes": "passes.fixed.fold_takes:FoldTakesPass",
    "fixed-fold-transposes": "passes.fixed.fold_transposes:FoldTransposesPass",
    "fixed-fold-zero-points": "passes.fixed.fold_zero_points:FoldZeroPointsPass",
    "fixed-fuse-maps": "passes.fixed.fuse_maps:FuseMapsPass",
    "fixed-legalize-bitwidths": "passes.fixed.legalize_bitwidths:LegalizeBitwidthsPass",
    "fixed-narrow-accumulators": "passes.fixed.narrow_accumulators:NarrowAccumulatorsPass",
    "fixed-narrow-bodies": "passes.fixed.narrow_bodies:NarrowBodiesPass",
    "fixed-prove-no-overflow": "passes.fixed.prove_no_overflow:ProveNoOverflowPass",
    "fixed-read-types": "passes.fixed.read_types:ReadTypesPass",
    "fixed-search-types": "tools.searching.search_types:SearchTypesPass",
    "fixed-shorten-biases": "passes.fixed.shorten_biases:ShortenBiasesPass",
    "hls-check": "passes.hls.check:CheckPass",
    "hls-dataflow": "passes.hls.dataflow:DataflowPass",
    "hls-double-ports": "passes.hls.double_ports:DoublePortsPass",
    "hls-finish": "passes.hls.finish:FinishPass",
    "hls-flatten": "passes.hls.flatten:FlattenPass",
    "hls-interface": "passes.hls.interface:InterfacePass",
    "hls-multipliers": "passes.hls.multipliers:MultipliersPass",
    "hls-partition": "passes.hls.partition:PartitionPass",
    "hls-pipeline": "passes.hls.pipeline:HlsPipelinePass",
    "hls-rings": "passes.hls.rings:RingsPass",
    "loops-center-tables": "passes.loops.center_tables:CenterTablesPass",
    "loops-keep-functions": "passes.loops.keep_functions:KeepFunctionsPass",
    "loops-linear-indices": "passes.loops.linear_indices:LinearIndicesPass",
    "loops-narrow-indices": "passes.loops.narrow_indices:NarrowIndicesPass",
    "loops-pipeline": "passes.loops.pipeline:PipelinePass",
    "loops-running-indices": "passes.loops.running_indices:RunningIndicesPass",
    "loops-share-functions": "passes.loops.share_functions:ShareFunctionsPass",
    "loops-share-sizes": "passes.loops.share_sizes:ShareSizesPass",
    "loops-strip-annotations": "passes.loops.strip_annotations:StripAnnotationsPass",
    "loops-unroll": "passes.loops.unroll:UnrollPass",
    "loops-use-machine-operations": "passes.loops.use_machine_operations:UseMachineOperationsPass",
    "memplan-allocate-lanes": "tools.allocating.allocate:AllocateLanesPass",
    "memplan-check": "passes.memplan.check:CheckPass",
    "memplan-choose-layouts": "passes.memplan.choose_layouts:ChooseLayoutsPass",
    "memplan-defrag": "passes.memplan.defrag:DefragPass",
    "memplan-fit": "passes.memplan.fit:FitPass",
    "memplan-fuse-loops": "passes.memplan.fuse_loops:FuseLoopsPass",
    "memplan-inplace": "passes.memplan.inplace:InplacePass",
    "memplan-input": "passes.memplan.input:InputPass",
    "memplan-lanes": "passes.memplan.lanes:LanesPass",
    "memplan-overlap": "passes.memplan.overlap:OverlapPass",
    "memplan-patch": "passes.memplan.patch:PatchPass",
    "memplan-place": "passes.memplan.place:PlacePass",
    "memplan-rings": "passes.memplan.rings:RingsPass",
    "memplan-schedule": "passes.memplan.schedule:SchedulePass",
    "memplan-split-reductions": "passes.memplan.split_reductions:SplitReductionsPass",
    "memplan-stream": "passes.memplan.stream:StreamPass",
    "memplan-tile": "passes.memplan.tile:TilePass",
    "onnx-carry-rows": "passes.onnx.carry_rows:CarryRowsPass",
    "onnx-carry-states": "passes.onnx.carry_states:CarryStatesPass",
    "onnx-fold-batch-normalization": "passes.onnx.fold_batch_normalization:FoldBatchNormalizationPass",
    "onnx-fold-bias": "passes.onnx.fold_bias:FoldBiasPass",
    "onnx-fold-constants": "passes.onnx.fold_constants:FoldConstantsPass",
    "onnx-fold-pad": "passes.onnx.fold_pad:FoldPadPass",
    "onnx-fuse-distances": "passes.onnx.fuse_distances:FuseDistancesPass",
    "onnx-fuse-exponentials": "passes.onnx.fuse_exponentials:FuseExponentialsPass",
    "onnx-fuse-quantizers": "passes.onnx.fuse_quantizers:FuseQuantizersPass",
    "onnx-select-paths": "passes.onnx.select_paths:SelectPathsPass",
    "onnx-split-products": "passes.onnx.split_products:SplitProductsPass",
}

TARGETS = {
    "c": "targets.c:CTarget",
    "header": "targets.header:HeaderTarget",
    "hls": "targets.hls:HlsTarget",
    "hls-testbench": "targets.hls_testbench:HlsTestbenchTarget",
    "minimalloc": "targets.minimalloc:MinimallocTarget",
    "mlir": "xdsl.targets.mlir:MLIRTarget",
    "rtl": "targets.rtl:RtlTarget",
    "weights": "targets.weights:WeightsTarget",
    "weights-header": "targets.weights:WeightsHeaderTarget",
}


def load(path: str) -> Any:
    """The object that an entry of the tables names. Raises ImportError or AttributeError where it is not there."""
    module, attribute = path.split(":")
    package = __name__.removesuffix(".tools.registry")
    return getattr(import_module(module if module.startswith("xdsl.") else f"{package}.{module}"), attribute)
