"""What can be done in membership: one verb, one function, one transaction."""
