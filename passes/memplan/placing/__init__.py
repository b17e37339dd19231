"""From the lives of buffers to offsets, and from offsets to views."""
