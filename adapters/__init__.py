"""The outside world behind the ports: Redis Streams, Postgres, Telegram, embedded servers, in-memory fakes."""
