"""What the month adds up to: indicators, the pulse, the region."""
