"""Alembic runs inside the transaction that services/common/migrating.py opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
