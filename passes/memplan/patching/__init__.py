"""A first stage in patches: which elements, which stage, which grid."""
