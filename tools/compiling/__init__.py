"""A compilation in its parts: options, passes up to integers, passes that plan memory, every level of the result."""
