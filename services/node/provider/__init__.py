"""The OpenID provider of the embedded node: proves people on loopback, and nowhere else."""
