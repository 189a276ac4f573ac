"""How resource speaks: rpc messages, facts, and the bodies that travel to other nodes."""
