"""What high-level synthesis is told: passes on the loops level that insert ops of `hls`, from lanes and the device."""
