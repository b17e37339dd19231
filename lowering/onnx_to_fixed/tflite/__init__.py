"""TFLite's own integers: its algorithms and roundings, operator by operator, as the same three forms."""
