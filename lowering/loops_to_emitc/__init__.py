"""Loop nests to the statements and expressions of C."""
