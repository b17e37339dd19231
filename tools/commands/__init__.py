"""The commands of `tinyml`, a file each."""
