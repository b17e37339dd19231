"""How `fixed-assign-types` finds the type of each value."""
