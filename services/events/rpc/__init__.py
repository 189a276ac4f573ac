"""The doors of events for pages, the API and other services: unpack, one use case, pack."""
