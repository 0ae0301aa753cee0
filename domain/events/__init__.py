"""The payloads of all events, one frozen class each, and the words they are described in.

Not here: versions, targets and producers (``domain.catalogue``), checking (``domain.validation``).
"""
