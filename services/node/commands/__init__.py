"""What an operator does to a running node from the command line."""
