"""How numbers are stored: what a model states, what a range asks for, what a layer's weights need."""
