"""Chains of forms that run slice by slice, and where to cut them."""
