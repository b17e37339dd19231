"""The command line of `tinyml`: its options by groups. Nothing of the compiler is imported."""
