"""What evaluation says, and how its numbers look on the wire."""
