"""What events says: facts, rpc messages, calendar entries."""
