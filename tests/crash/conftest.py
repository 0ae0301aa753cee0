"""The fixtures of this room. Not here: what they are made of (``tests.acceptance.fixtures``)."""

from tests.acceptance.fixtures import cluster, nursery, servers

__all__ = ["cluster", "nursery", "servers"]
