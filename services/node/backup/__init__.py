"""Backups of a whole node in one encrypted file, in a form that no database owns, and nodes made from them."""
