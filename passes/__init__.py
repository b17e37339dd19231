"""Rewrites that stay inside one level."""
