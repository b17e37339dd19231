"""How long planning may take."""
