"""Markdown as people and models write it, made formatted text that Telegram takes: ``application.ports.Formatter``.

The reading is pyromark's (CommonMark with tables, strikethrough, task lists, footnotes and formulas, by
pulldown-cmark); the rendering is ours. Nothing is fetched, drawn or run. Not here: which formatting Telegram takes
(``domain.formatting``), cutting what is too long (``domain.splitting``).
"""

from adapters.markdown.formatter import SOURCE_CHARS_MAX, MarkdownFormatter

__all__ = ["SOURCE_CHARS_MAX", "MarkdownFormatter"]
