"""How a county exchanges streams with its hub: it dials, publishes what the hub lacks, fetches what it may read."""
