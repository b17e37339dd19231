"""Which forms a tile fits, and what it needs: asked by `memplan-tile`, and by the lowering that realizes it."""
