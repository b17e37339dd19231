"""What calibration data say about a value: its extent, a histogram, and the range that a method makes of them."""
