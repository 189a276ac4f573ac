"""The web of a node: pages, the JSON API and signing in; all it knows of the rest are stubs."""
