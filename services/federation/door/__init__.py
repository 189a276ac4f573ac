"""The hub's door for other nodes: mutual TLS, and waiting calls that hold no thread."""
