"""Models that look at the last rows of an endless input: which values have rows, and what a step keeps of them."""
