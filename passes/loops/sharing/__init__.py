"""What functions have in common, and how those that differ in few numbers become one."""
