"""What `tinyml` does with hardware: its files, its simulation, its synthesis."""
