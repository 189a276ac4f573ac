"""The services of a node; they meet in protos/ and services/common/topics.py, never in each other."""
