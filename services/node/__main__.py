"""`python -m services.node`: the command line `fosse`."""

from services.node.cli import fosse

if __name__ == "__main__":
    fosse(prog_name="fosse")
