"""What the folding passes share."""
