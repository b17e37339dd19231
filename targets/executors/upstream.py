"""Models compiled by way of upstream MLIR: the loops level through LLVM, and emitc through its printer of C++."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from ..board import load_board
from ..firmware import GeneratedModel, c_type
from ..toolchain import compile_with
from ..upstream import cpp, llvm_ir, object_of
from .host import HostExecutor


class LlvmExecutor(HostExecutor):
    """The loops level, without annotations, lowered to LLVM IR by mlir-opt and linked with the harness of the host."""

    level = "llvm"

    def __init__(self, model: GeneratedModel, loops: ModuleOp):
        super().__init__(model)
        self.loops = loops

    def sources(self, directory: Path) -> list[str]:
        """The object file, and the entry that the harness calls."""
        object_of(llvm_ir(self.loops), directory, "loops")
        ports = [(f"in{i}", port) for i, port in enumerate(self.model.inputs)]
        ports += [(f"out{i}", port) for i, port in enumerate(self.model.outputs)]
        arguments = ", ".join(f"{c_type(port)} *{name}" for name, port in ports)
        called = ", ".join(name for name, _ in ports)
        name = self.model.name
        lines = ["#include <stdint.h>", f"void {name}({arguments});", f"void {self.model.entry}({arguments});"]
        lines += [f"void {self.model.entry}({arguments}) {{ {name}({called}); }}"]
        (directory / "entry.c").write_text("\n".join([*lines, ""]))
        return ["loops.o", "entry.c"]


class TranslatedExecutor(HostExecutor):
    """The emitc level, printed by mlir-translate and compiled as C++."""

    level = "translated"

    def __init__(self, model: GeneratedModel, emitc: ModuleOp):
        super().__init__(replace(model, weights=None))
        self.emitc = emitc

    def sources(self, directory: Path) -> list[str]:
        """An object file of what upstream prints; its functions have the names that C calls."""
        text = f'#include <cstdint>\n#include <cstring>\nextern "C" {{\n{cpp(self.emitc)}\n}}\n'
        (directory / "translated.cpp").write_text(text)
        flags = [*load_board("host").flags, "-std=c++17", "-w", "-c", "translated.cpp"]
        compile_with("g++", flags, directory)
        return ["translated.o"]
