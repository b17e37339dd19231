"""The Python interface, which `tinyml_opt` itself names; the commands of `tinyml` sit on it."""
