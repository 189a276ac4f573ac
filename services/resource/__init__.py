"""Resources: bundles of files and links with licences, editions, search and adoption."""
