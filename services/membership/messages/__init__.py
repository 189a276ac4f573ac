"""Domain objects as protos and back, and the facts that membership says."""
