"""Search: an index derived from the database, which follows the facts; hits are checked again in the database."""
