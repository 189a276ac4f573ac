"""What resource remembers: functions that take a connection and give domain objects."""
