"""What can stand in the way of a call that was not refused."""


class Away(Exception):
    """The other service does not answer, or not in time: trying again later is right, parking is not."""
