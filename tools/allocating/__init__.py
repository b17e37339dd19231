"""How many lanes each form of a model gets: every choice is lowered and priced, a search takes the best that fits."""
