"""What the month adds up to, decided: pure."""
