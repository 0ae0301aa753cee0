"""Markup that a bot writes into its text (https://core.telegram.org/bots/api#formatting-options).

``parsed`` turns it into plain text and entities, or refuses it in Telegram's words. The dialects are ``markup_html``
and ``markup_markdown``; both follow tdlib's ``MessageEntity.cpp`` step by step, so that they break where Telegram
breaks.
"""

from adapters.botworld.markup_html import parse_html
from adapters.botworld.markup_markdown import parse_markdown, parse_markdown_v2
from adapters.botworld.values import Json, bad_request

TEXT_BYTES_MAX = 1 << 15


def parsed(text: str, mode: str) -> tuple[str, list[Json]]:
    """Return plain text and entities. Raises ApiError for broken markup or an unknown mode."""
    match mode.lower():
        case "html":
            return parse_html(text)
        case "markdownv2":
            return parse_markdown_v2(text)
        case "markdown":
            return parse_markdown(text)
        case "none":
            return text, []
        case _:
            raise bad_request("unsupported parse_mode")
