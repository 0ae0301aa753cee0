"""Text as Telegram counts it: length in UTF-16 units.

https://core.telegram.org/api/entities#entity-length. Not here: limits of single fields (``domain.events``).
"""


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
