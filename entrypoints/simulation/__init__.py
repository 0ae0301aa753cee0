"""Proof by trying: what people do in a simulated Telegram, what came of it, and whether every promise was kept.

The same history is recorded of one process under a simulated clock and of real processes on real servers, and the same
checker judges both. Not here: running either.
"""
