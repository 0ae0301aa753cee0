"""Telegram's Bot API: the client, and a simulator of the other side."""
