"""Alembic migrations, carried inside the package and run by `storage.migration`."""
