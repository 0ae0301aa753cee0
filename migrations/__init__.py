"""The schema's history, one numbered SQL file a step, applied by Alembic under an advisory lock."""
