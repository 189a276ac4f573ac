"""Membership: who people are, what they may be, and the passes that say so."""
