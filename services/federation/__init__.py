"""Signed streams between nodes: what this node says to others, what others said, and who may read what."""
