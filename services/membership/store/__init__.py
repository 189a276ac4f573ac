"""What membership remembers: functions that take a connection and return domain objects."""
