"""tinyml-opt: a compiler from trained neural networks to integer-only C and HLS C++."""
