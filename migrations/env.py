"""How Alembic reaches the database: an open connection handed over by ``adapters.postgres.migrate``."""

from alembic import context

connection = context.config.attributes["connection"]
applied = context.config.attributes["applied"]
context.configure(
    connection=connection,
    version_table="schema_version",
    version_table_schema="public",
    on_version_apply=lambda step, **_: applied.append(step.up_revision_id),
)
with context.begin_transaction():
    context.run_migrations()
