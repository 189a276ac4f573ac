"""What federation remembers; each function takes a connection and returns domain objects."""
