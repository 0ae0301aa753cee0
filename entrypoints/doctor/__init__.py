"""``openclaw doctor``: looks at everything that OpenClaw stands on, and names each fault with its remedy.

First the evidence is gathered, each server by itself and within a bound (``examination``); then one table of checks
judges it (``table``, and a module a group), each check by itself. It changes nothing. Not here: how the findings are
shown (``entrypoints.views.doctor``).
"""
