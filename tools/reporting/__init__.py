"""Plans and figures as HTML and SVG, for notebooks and for pages of their own."""
