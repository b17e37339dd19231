"""The `mcu` dialect: what the machine is asked to do with a loop that `scf` cannot say.

A loop may carry the discardable attribute `mcu.label` (a string; HLS reports name loops by it), which leaves the
meaning of the program alone. The ops are what a processor does in one instruction (`dialects/machine.py`), or in the
block of them that is the inside of a tile.
"""

from xdsl.ir import Dialect

from .block import Address as Address
from .block import BlockOp as BlockOp
from .bytes import ClippedBlockOp, DirectBlockOp, SparseBlockOp
from .columns import ByteBlockOp, DotBlockOp, FinishBlockOp, GatherBlockOp, PairBlockOp
from .groups import GroupsBlockOp
from .loops import FINISH_CLOCKS as FINISH_CLOCKS
from .loops import KEEP as KEEP
from .loops import LABEL as LABEL
from .loops import LANES as LANES
from .loops import LOGIC as LOGIC
from .loops import MULTIPLIERS as MULTIPLIERS
from .loops import SHARED as SHARED
from .loops import finish_clocks_of as finish_clocks_of
from .loops import form_lanes as form_lanes
from .loops import lanes_of as lanes_of
from .loops import multipliers_of as multipliers_of
from .places import element_bits as element_bits
from .vectors import CopyBlockOp, RequantizeBlockOp, WideBlockOp
from .windows import LanesBlockOp, PlaneBlockOp, PlanesBlockOp
from .words import AtOp, LoadWordOp, MachineOp
from .words import MachineFields as MachineFields

BLOCKS = (
    DotBlockOp,
    PairBlockOp,
    ByteBlockOp,
    LanesBlockOp,
    PlaneBlockOp,
    PlanesBlockOp,
    DirectBlockOp,
    ClippedBlockOp,
    WideBlockOp,
    RequantizeBlockOp,
    FinishBlockOp,
    GroupsBlockOp,
    GatherBlockOp,
    CopyBlockOp,
)
"""The blocks that write sums."""

Mcu = Dialect("mcu", [MachineOp, LoadWordOp, AtOp, *BLOCKS, SparseBlockOp], [])
