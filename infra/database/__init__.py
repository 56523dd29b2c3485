"""The database's roles and its one history of migrations."""
