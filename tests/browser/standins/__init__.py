"""Services that hold what a test gives them, on real sockets behind the real floor: for rare states of pages."""

from tests.browser.standins.node import Node
from tests.browser.standins.shelf import MO, OPERATOR, PRIYA, Shelf

__all__ = ["MO", "OPERATOR", "PRIYA", "Node", "Shelf"]
