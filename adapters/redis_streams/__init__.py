"""Redis (or Valkey): the event streams, and the client that runtime state shares."""
