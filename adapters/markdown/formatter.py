"""The formatter: bounds around reading and rendering, and plain text where these do not help.

Not here: how anything is read (``adapters.markdown.source``) or looks (``adapters.markdown.render``).
"""

import logging

from adapters.markdown.render import render
from adapters.markdown.source import TooComplex, normal, parse
from domain.events.agents import TURN_CHARS_MAX
from domain.formatting import Formatted, acceptable
from domain.text import is_blank

log = logging.getLogger("openclaw.markdown")

# What is longer than an agent may answer is pasted, not written, and is sent as it is.
SOURCE_CHARS_MAX = TURN_CHARS_MAX
# Columns of a table are filled up with spaces; a text that grows by more than this was written to grow.
GROWTH_MAX = 4
GROWTH_CHARS = 4_096


class MarkdownFormatter:
    """Markdown to text and entities; the same for the same source, and nothing remembered."""

    def format(self, markdown: str) -> Formatted:
        """Return the text with its entities, as ``application.ports.Formatter`` promises."""
        if len(markdown) > SOURCE_CHARS_MAX:
            return acceptable(markdown)
        source = normal(markdown)
        try:
            text, entities = render(*parse(source))
        except TooComplex:
            return acceptable(markdown)
        except BaseException as error:
            # A panic of the parser, which is written in Rust, is no Exception; what stops the process is neither.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            log.warning(
                "A text was sent without its formatting, since reading it failed: %s.", type(error).__name__,
                extra={"action": "markdown_failed"},
            )  # fmt: skip
            return acceptable(markdown)
        if is_blank(text) or len(text) > GROWTH_MAX * len(source) + GROWTH_CHARS:
            return acceptable(markdown)
        return acceptable(text, entities)
