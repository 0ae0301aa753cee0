"""Runs the SQL file that lies beside a migration. Alembic keeps the order, the SQL says what happens."""

from pathlib import Path

from alembic import op


def run_file(migration: str) -> None:
    """Run the statements of ``<migration>.sql`` in the migration's transaction."""
    sql = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    adapted = op.get_bind().connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(sql))
