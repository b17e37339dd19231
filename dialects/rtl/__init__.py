"""The `rtl` dialect: pipelines of registers, memories and the order in which they run, as Verilog spells them.

All numbers are in two's complement; an operand that is narrower than what an op computes in is sign-extended. What
happens in a clock, the width of each wire and the place of each register stand here: a printer only spells them.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from .dataflow import AwaitOp, NeedOp, OverlapOp, SignalOp
from .pipeline import (
    CarriedOp,
    CounterOp,
    DoneOp,
    HeldOp,
    NextOp,
    ReadOp,
    RoundOp,
    RunningOp,
    RunOp,
    SerializeOp,
    StopOp,
    WriteOp,
)
from .stages import Stages
from .structure import MemoryOp, ModuleOp, RepeatOp, StartOp, TopOp, arrays
from .units import GiveOp, UnitOp, UseOp
from .values import KINDS, ComputeOp, ConstantOp, DelayOp, Kind, address_bits, bits_of, signed_bits

Rtl = Dialect(
    "rtl",
    [
        AwaitOp,
        CarriedOp,
        ComputeOp,
        ConstantOp,
        CounterOp,
        DelayOp,
        DoneOp,
        GiveOp,
        HeldOp,
        MemoryOp,
        ModuleOp,
        NeedOp,
        NextOp,
        OverlapOp,
        ReadOp,
        RepeatOp,
        RoundOp,
        RunOp,
        RunningOp,
        SerializeOp,
        SignalOp,
        StartOp,
        StopOp,
        TopOp,
        UnitOp,
        UseOp,
        WriteOp,
    ],
)

__all__ = [
    "KINDS",
    "AwaitOp",
    "CarriedOp",
    "ComputeOp",
    "ConstantOp",
    "CounterOp",
    "DelayOp",
    "DoneOp",
    "GiveOp",
    "HeldOp",
    "Kind",
    "MemoryOp",
    "ModuleOp",
    "NeedOp",
    "NextOp",
    "OverlapOp",
    "ReadOp",
    "RepeatOp",
    "RoundOp",
    "Rtl",
    "RunOp",
    "RunningOp",
    "SerializeOp",
    "SignalOp",
    "Stages",
    "StartOp",
    "StopOp",
    "TopOp",
    "UnitOp",
    "UseOp",
    "WriteOp",
    "address_bits",
    "arrays",
    "bits_of",
    "signed_bits",
]
