"""Modules of this project in upstream's tools, mlir-opt and mlir-translate 22: read, verified, lowered, translated."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from shutil import which

from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from .processes import run_program
from .toolchain import CompileError, ToolchainMissing, require

SECONDS = 300
"""For one run of a tool: constants of megabytes are read by them in seconds."""

OPT, TRANSLATE = "mlir-opt-22", "mlir-translate-22"

LOWERING = (
    "--convert-scf-to-cf",
    "--expand-strided-metadata",
    "--finalize-memref-to-llvm",
    "--convert-arith-to-llvm",
    "--convert-cf-to-llvm",
    "--convert-func-to-llvm=use-bare-ptr-memref-call-conv=1",
    "--reconcile-unrealized-casts",
)
"""From `func`, `scf`, `arith` and `memref` to the `llvm` dialect; a memref is a pointer for whoever calls."""


def read(module: ModuleOp) -> str:
    """A module as upstream prints it, once it has read and verified it. Raises CompileError for what it refuses."""
    return piped(OPT, (), generic(module))


def llvm_ir(module: ModuleOp) -> str:
    """LLVM IR of a module of loops without annotations (`loops-strip-annotations`). Raises CompileError."""
    return piped(TRANSLATE, ("--mlir-to-llvmir",), piped(OPT, LOWERING, generic(module)))


def cpp(module: ModuleOp) -> str:
    """What upstream prints for a module of emitc. Raises CompileError."""
    allowed = ("--allow-unregistered-dialect",)  # our attributes on its ops
    return piped(TRANSLATE, ("--mlir-to-cpp", *allowed), piped(OPT, allowed, str(module)))


def generic(module: ModuleOp) -> str:
    """A module in the generic form, which is the same in every version of MLIR."""
    text = StringIO()
    Printer(text, print_generic_format=True).print_op(module)
    return text.getvalue()


def piped(tool: str, arguments: tuple[str, ...], text: str) -> str:
    """What a tool prints for a text. Raises ToolchainMissing, CompileError."""
    done = run_program([require(tool), *arguments], SECONDS, stdin=text)
    if done.code != 0:
        raise CompileError(f"{tool} {done.reason}:", *(line[:300] for line in done.stderr.splitlines()[:4]))
    return done.stdout


def clang() -> list[str]:
    """The command of a compiler that reads LLVM IR: clang, or that of the package ziglang. Raises ToolchainMissing."""
    if found := which("clang-22"):
        return [found]
    if find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise ToolchainMissing("no clang that reads LLVM IR of version 22: pip install ziglang")


def object_of(ir: str, folder: Path, name: str) -> Path:
    """The object file of LLVM IR. Raises ToolchainMissing, CompileError."""
    (folder / f"{name}.ll").write_text(ir)
    arguments = ["-O2", "-w", "-c", "-o", f"{name}.o", f"{name}.ll"]
    done = run_program([*clang(), *arguments], SECONDS, folder)
    if done.code != 0:
        raise CompileError(f"clang {done.reason}:", *done.stderr.splitlines()[:4])
    return folder / f"{name}.o"
