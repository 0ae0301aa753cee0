"""Postgres, the owner of the truth: pool, unit of work, named SQL."""
