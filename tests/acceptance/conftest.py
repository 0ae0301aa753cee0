"""The fixtures of this room. Not here: what they are made of (``fixtures``)."""

from tests.acceptance.fixtures import cluster, nursery, seed, servers

__all__ = ["cluster", "nursery", "seed", "servers"]
