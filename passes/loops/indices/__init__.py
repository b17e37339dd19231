"""What passes on indices share."""
