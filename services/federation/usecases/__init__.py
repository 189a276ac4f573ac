"""What federation does: each use case is one verb and one transaction."""
