"""What can stand in the way of a call that was not refused."""

# What a service says when it runs and its own database does not answer.
NO_DATABASE = "database away"


class Away(Exception):
    """The other service does not answer, or not in time: trying again later is right, parking is not."""
