"""What resource decides: pure values in, values or refusals out."""
