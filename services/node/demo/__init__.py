"""A region on one machine: a hub and counties as processes of their own, filled with an invented East Midlands."""
