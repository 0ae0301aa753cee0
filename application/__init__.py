"""The use cases of each service, the ports they need, and the one consumer harness.

Not here: anything that knows a library of the outside world (``adapters``).
"""
