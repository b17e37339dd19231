"""Memories, modules, and the top that runs modules one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    FlatSymbolRefAttrConstr,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
    i64,
)
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from .dataflow import AwaitOp, NeedOp, SignalOp
from .pipeline import CarriedOp, DoneOp, NextOp, StopOp
from .values import address_bits

READS, CONSTANT_READS = 3, 2
"""Read ports of a copy of a memory, of one that nothing writes. Yosys (memory_libmap) weighs all ways to give ports of
a block RAM to those of a memory, twice as many with each one, and copies the memory in the end: LUT RAM of 7 Series has
three read ports beside the one that writes (UG474), a block RAM that nothing writes two."""


def arrays(reads: int, is_constant: bool) -> list[int]:
    """The read ports of each copy of a memory that has so many."""
    most = CONSTANT_READS if is_constant else READS
    return [min(most, reads - first) for first in range(0, reads, most)]


@irdl_op_definition
class MemoryOp(IRDLOperation):
    """So many words of so many elements each; with `init` it is read-only. `block`: a block RAM, whatever its size.

    `reads`: a copy of the memory for each so many read ports, in their order (by default one for all); what is written
    goes into all copies. Of a memory with `init` each module that reads it has copies of its own.
    `collision_free`: what is read of a word in the clock in which it is written is not used, so that hardware may give
    any number.
    `double`: there are two, for modules and for the caller of the hardware, who change over at each start; what modules
    have written the caller has when they are done.

    ```mlir
    rtl.memory @weights words 64 lanes 8 block reads 2 : i8 = dense<..> : tensor<64x8xi8>
    rtl.memory @rows words 64 lanes 8 collision_free : i8
    rtl.memory @input words 64 lanes 8 double : i8
    ```
    """

    name = "rtl.memory"
    sym_name = prop_def(SymbolNameConstraint())
    words = prop_def(IntegerAttr[I64])
    lanes = prop_def(IntegerAttr[I64])
    element = prop_def(IntegerType)
    init = opt_prop_def(DenseIntOrFPElementsAttr)
    block = opt_prop_def(UnitAttr)
    reads = opt_prop_def(IntegerAttr[I64])
    collision_free = opt_prop_def(UnitAttr)
    double = opt_prop_def(UnitAttr)
    traits = traits_def(SymbolOpInterface())
    assembly_format = (
        "$sym_name `words` $words `lanes` $lanes (`block` $block^)? (`reads` $reads^)? "
        "(`collision_free` $collision_free^)? (`double` $double^)? `:` $element (`=` $init^)? attr-dict"
    )

    def __init__(
        self,
        name: str,
        words: int,
        lanes: int,
        element: IntegerType,
        init: DenseIntOrFPElementsAttr | None = None,
        block: bool = False,
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "words": IntegerAttr(words, i64),
                "lanes": IntegerAttr(lanes, i64),
                "element": element,
                "init": init,
                "block": UnitAttr() if block else None,
            }
        )

    @property
    def bits(self) -> int:
        """The bits of a word."""
        return self.lanes.value.data * self.element.width.data

    @property
    def all_words(self) -> int:
        """Those of both, where it is double: the second begins at a power of two."""
        words = self.words.value.data
        return words if self.double is None else (1 << address_bits(words)) + words

    def copy_of(self, port: int) -> int:
        """The copy that the read port of this number reads."""
        return 0 if self.reads is None else port // self.reads.value.data

    def verify_(self) -> None:
        if self.words.value.data < 1 or self.lanes.value.data < 1:
            raise VerifyException("a memory has words and elements")
        if self.reads is not None and self.reads.value.data < 1:
            raise VerifyException("a copy of a memory has at least one read port")
        if self.init is not None and (self.collision_free or self.double) is not None:
            raise VerifyException("nothing is written into a memory with init: it has no collisions, and is not double")
        if self.init is not None and self.init.get_shape() != (self.words.value.data, self.lanes.value.data):
            raise VerifyException(f"init has shape {self.init.get_shape()}, not words x lanes")


@irdl_op_definition
class ModuleOp(IRDLOperation):
    """A pipeline: it begins one clock after its start, and says when it is done.

    ```mlir
    rtl.module @layer { .. }
    ```
    """

    name = "rtl.module"
    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), SymbolOpInterface(), IsolatedFromAbove())
    assembly_format = "$sym_name attr-dict-with-keyword $body"

    def __init__(self, name: str, body: Block):
        super().__init__(properties={"sym_name": StringAttr(name)}, regions=[Region(body)])

    def verify_(self) -> None:
        ops = list(self.body.block.ops)
        for kind in (StopOp, DoneOp):
            count = sum(isinstance(op, kind) for op in ops)
            if count != 1:
                raise VerifyException(f"a module has one `{kind.name}`, got {count}")
        carried = [op.result for op in ops if isinstance(op, CarriedOp)]
        following = [op.carried for op in ops if isinstance(op, NextOp)]
        if len(following) != len(carried) or set(following) != set(carried):
            raise VerifyException("each `rtl.carried` has one `rtl.next`")
        awaits = [op.result for op in ops if isinstance(op, AwaitOp)]
        needs = [op.ready for op in ops if isinstance(op, NeedOp)]
        if len(needs) != len(awaits) or set(needs) != set(awaits):
            raise VerifyException("each `rtl.await` has one `rtl.need`")
        if sum(isinstance(op, SignalOp) for op in ops) > 1:
            raise VerifyException("a module has at most one `rtl.signal`")


@irdl_op_definition
class TopOp(IRDLOperation):
    """The hardware of a model: modules that start one after the other; the caller has the memories of the ports.

    A port is a memory, or several that hold its words one after the other: all but the last have the same power of two
    of them.

    ```mlir
    rtl.top @model inputs [[@x__bank0, @x__bank1]] outputs [[@y]] { rtl.start @layer }
    ```
    """

    name = "rtl.top"
    sym_name = prop_def(SymbolNameConstraint())
    inputs = prop_def(ArrayAttr[ArrayAttr[SymbolRefAttr]])
    outputs = prop_def(ArrayAttr[ArrayAttr[SymbolRefAttr]])
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), SymbolOpInterface(), IsolatedFromAbove())
    assembly_format = "$sym_name `inputs` $inputs `outputs` $outputs attr-dict-with-keyword $body"

    def __init__(self, name: str, inputs: Sequence[Sequence[str]], outputs: Sequence[Sequence[str]], body: Block):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "inputs": ArrayAttr(ArrayAttr(map(SymbolRefAttr, names)) for names in inputs),
                "outputs": ArrayAttr(ArrayAttr(map(SymbolRefAttr, names)) for names in outputs),
            },
            regions=[Region(body)],
        )


@irdl_op_definition
class StartOp(IRDLOperation):
    """Run a module, with the rounds that it asks for.

    ```mlir
    rtl.start @layer(%t) : index
    ```
    """

    name = "rtl.start"
    module = prop_def(FlatSymbolRefAttrConstr)
    rounds = var_operand_def(IndexType)
    assembly_format = "$module (`(` $rounds^ `)` `:` type($rounds))? attr-dict"

    def __init__(self, module: str, rounds: Sequence[SSAValue] = ()):
        super().__init__(operands=[rounds], properties={"module": SymbolRefAttr(module)})


@irdl_op_definition
class RepeatOp(IRDLOperation):
    """Run what stands inside so many times; the argument counts from 0.

    ```mlir
    rtl.repeat 16 { ^bb0(%t : index): rtl.start @layer(%t) : index }
    ```
    """

    name = "rtl.repeat"
    trips = prop_def(IntegerAttr[I64])
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "$trips $body attr-dict"

    def __init__(self, trips: int, body: Block):
        super().__init__(properties={"trips": IntegerAttr(trips, i64)}, regions=[Region(body)])

    def verify_(self) -> None:
        if self.trips.value.data < 1 or [a.type for a in self.body.block.args] != [IndexType()]:
            raise VerifyException("a loop has at least one round, and an argument for its number")
