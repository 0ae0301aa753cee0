"""Real Postgres and Valkey servers from wheels, run under a data directory."""
