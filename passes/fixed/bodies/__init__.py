"""Algebra on the scalar bodies of forms."""
