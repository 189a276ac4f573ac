"""What events remembers: functions that take a connection and give domain objects."""
