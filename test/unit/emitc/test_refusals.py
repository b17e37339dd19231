"""What the lowering to emitc and the printers refuse, and that they say all of it."""

from __future__ import annotations

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.loops_to_emitc.convert import ConvertLoopsToEmitcPass
from tinyml_opt.targets.c import print_c
from tinyml_opt.targets.header import print_header
from tinyml_opt.targets.hls import print_hls
from tinyml_opt.tools.registry import DIALECTS, load


def parse(text: str) -> ModuleOp:
    """A module from text."""
    ctx = Context()
    for name, path in DIALECTS.items():
        ctx.register_dialect(name, lambda path=path: load(path))
    return Parser(ctx, text).parse_module()


def lowered(text: str, index_bits: int = 32) -> ModuleOp:
    """The module in emitc."""
    module = parse(text)
    ConvertLoopsToEmitcPass(index_bits).apply(Context(), module)
    module.verify()
    return module


def constant(elements: int, kind: str = "i8") -> str:
    """A constant in flash."""
    return f"""
    "memref.global"() <{{sym_name = "net_w", sym_visibility = "private", type = memref<{elements}x{kind}, "flash">,
                        initial_value = dense<1> : tensor<{elements}x{kind}>, constant}}> : () -> ()
    """


def test_all_reasons_are_listed():
    text = """
    func.func @net(%x: memref<4xf32>, %y: memref<?x2xi8>, %z: memref<4xi8, affine_map<(d0) -> (d0 * 2)>>) {
      %c0 = arith.constant 0 : index
      %v = memref.load %x[%c0] : memref<4xf32>
      %w = arith.addf %v, %v : f32
      %t = arith.constant true
      %s = arith.shli %t, %t : i1
      %a = memref.alloc() : memref<4xi8>
      func.return
    }
    """
    with pytest.raises(UserError) as error:
        lowered(text)
    reasons = "\n".join(error.value.reasons)
    assert "`func.func` uses memref<4xf32>: only memrefs of integers become C" in reasons
    assert "`func.func` uses memref<?x2xi8>: sizes must be constants where there are several dimensions" in reasons
    assert "only strided layouts become C" in reasons
    assert "`arith.addf` has no C here" in reasons
    assert "`memref.alloc` has no C here" in reasons
    assert "`arith.shli` on i1 has no use" in reasons
    assert len(error.value.reasons) == len(set(error.value.reasons))


def test_a_constant_too_large_for_short_indices():
    lowered(constant(32767), index_bits=16)
    lowered(constant(32768), index_bits=32)
    with pytest.raises(
        UserError, match="constant @net_w has 32768 bytes; with 16-bit indices one array has at most 32767"
    ):
        lowered(constant(32768), index_bits=16)
    with pytest.raises(UserError, match="constant @net_w has 40000 bytes"):
        lowered(constant(10000, "i32"), index_bits=16)


def test_a_view_of_a_constant_under_another_type():
    text = f"""
    {constant(8)}
    func.func @net(%y: memref<2xi32>) {{
      %w = memref.get_global @net_w : memref<8xi8, "flash">
      %c0 = arith.constant 0 : index
      %v = memref.view %w[%c0][] : memref<8xi8, "flash"> to memref<2xi32, "flash">
      %x = memref.load %v[%c0] : memref<2xi32, "flash">
      memref.store %x, %y[%c0] : memref<2xi32>
      func.return
    }}
    """
    with pytest.raises(UserError, match="cannot read the bytes of a constant as another type"):
        lowered(text)


SWITCHES = """
func.func @net(%x: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<1xi32>
  %i = arith.index_cast %v : i32 to index
  %chosen = scf.index_switch %i -> i32
  case 1 {
    scf.yield %v : i32
  }
  default {
    scf.yield %v : i32
  }
  scf.index_switch %i
  case 32768 {
    memref.store %chosen, %x[%c0] : memref<1xi32>
    scf.yield
  }
  default {
    scf.yield
  }
  func.return
}
"""


def test_switches():
    with pytest.raises(UserError) as error:
        lowered(SWITCHES, index_bits=16)
    assert error.value.reasons == (
        "convert-loops-to-emitc: `scf.index_switch` with results has no C here: let each case store to a memref",
        "convert-loops-to-emitc: case 32768 of `scf.index_switch` is no index of 16 bits",
    )
    with pytest.raises(UserError, match="with results") as error:
        lowered(SWITCHES, index_bits=32)
    assert len(error.value.reasons) == 1


def test_index_bits():
    with pytest.raises(UserError, match="index-bits is 16 or 32, not 8"):
        lowered(constant(1), index_bits=8)


WIDTHS = """
func.func @net(%x: memref<4xi12>, %y: memref<4xi12>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<4xi12>
  memref.store %v, %y[%c0] : memref<4xi12>
  func.return
}
"""


def test_only_hls_has_integers_of_any_width():
    module = lowered(WIDTHS)
    assert "ap_int<12>" in print_hls(module)
    for print_text in (print_c, print_header):
        with pytest.raises(
            UserError, match=r"C has no integer of 12 bits \(i12\): choose 8, 16, 32 or 64 bits, or print HLS"
        ):
            print_text(module)


def test_hls_has_no_casts_of_pointers():
    text = """
    func.func @net(%x: memref<4xi8>) attributes {
      fixed.inputs = [#fixed.port<"x", tensor<4xui8>, permutation <0>>], fixed.outputs = []
    } {
      func.call @step(%x) : (memref<4xi8>) -> ()
      func.return
    }
    func.func private @step(%x: memref<4xi8>) {
      func.return
    }
    """
    module = lowered(text)
    assert "net_step" not in print_c(module)
    with pytest.raises(UserError, match="HLS has no cast of pointers .*: leave buffers unplaced"):
        print_hls(module)


def test_printers_want_one_module_of_emitc():
    with pytest.raises(UserError, match="cannot print func.func: lower the module to emitc first"):
        print_c(parse("func.func @net() {\n  func.return\n}"))
    with pytest.raises(UserError, match="the module has 2 public functions in emitc, one is needed"):
        print_c(lowered("func.func @a() {\n  func.return\n}\nfunc.func @b() {\n  func.return\n}"))
    with pytest.raises(UserError, match="the module has 0 public functions"):
        print_header(lowered(constant(1)))
