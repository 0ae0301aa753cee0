"""The rules of OpenClaw as pure values: no I/O, no clock, no ``async``.

Not here: ports (``application.ports``), wording for people (``application.messages``), encoding (``adapters.codec``).
"""
