"""Layers as processes that run side by side: what each reads and writes as it goes, and how deep streams must be."""
