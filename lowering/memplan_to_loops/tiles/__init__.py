"""Forms with a tile as loops: a file for each kernel, and what they share."""
