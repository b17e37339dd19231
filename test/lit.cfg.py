"""FileCheck tests: every .mlir and .test file here whose first lines say how to run it."""

import os
import sys

import lit.formats  # pyright: ignore[reportMissingTypeStubs]

config = globals()["config"]
config.name = "tinyml-opt"
config.test_format = lit.formats.ShTest()
config.suffixes = [".mlir", ".test"]
config.excludes = ["models", "Output", "Inputs"]
config.substitutions.append(("%python", sys.executable))
config.test_source_root = os.path.dirname(__file__)
config.environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), config.environment["PATH"]])
