"""What notification decides: pure values in, values or refusals out."""
