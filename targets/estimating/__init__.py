"""What hardware takes, of its IR alone: cycles, cells of a family, without a tool."""
