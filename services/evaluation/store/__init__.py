"""What evaluation remembers."""
