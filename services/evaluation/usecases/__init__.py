"""What evaluation does, one verb at a time."""
