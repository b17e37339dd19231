"""The prices of code in flash, and how far estimates by them are off."""
