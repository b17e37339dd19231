"""Where RAM, flash and cycles of a model go, and what would save some: `tinyml explain`."""
