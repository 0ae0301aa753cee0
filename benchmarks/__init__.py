"""Measurements of OpenClaw on real servers; each module is a command that prints what it measured and how."""
