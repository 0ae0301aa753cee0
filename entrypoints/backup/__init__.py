"""Backups: all that an installation knows in one file, and the way back. See ``docs/BACKUP.md``."""
