"""Everything of a node in one process, a region on one machine, and the command line `fosse`."""
