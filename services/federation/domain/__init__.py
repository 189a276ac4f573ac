"""What federation decides: pure functions over values; keys, salts, ids and times come in by argument."""
