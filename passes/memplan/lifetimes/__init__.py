"""What may share bytes, and what placement is asked for."""
