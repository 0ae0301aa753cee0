"""Markdown as people and models write it: how it looks, and that Telegram takes it whatever it is."""

import asyncio
import html
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiogram.types
import pytest
import telegram
from aiogram.utils.text_decorations import html_decoration
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.botworld import World
from adapters.markdown import SOURCE_CHARS_MAX, MarkdownFormatter, formatter
from adapters.memory.clock import ManualClock
from adapters.memory.telegram import MemoryTelegram
from application.botcalls import bot_call
from application.ports import Formatter
from domain.events.telegram import Entity, TelegramSend
from domain.formatting import Formatted, acceptable
from domain.splitting import split
from domain.text import is_blank, utf16_length

TOKEN = "4242:formatting-Token_secret"
ANN = 7
FORMATTER = MarkdownFormatter()
# The bound is for a machine that does much else at the same time; alone, each takes a fraction of a second.
PATIENCE_S = 20.0


def samples() -> list[Any]:
    """Return the samples of the file beside: name, Markdown, and what is shown, in Telegram's HTML."""
    text = (Path(__file__).parent / "markdown_samples.txt").read_text(encoding="utf-8")
    found = []
    for block in text.removeprefix("==== ").split("\n==== "):
        name, _, rest = block.partition("\n")
        source, _, shown = rest.partition("\n---->\n")
        found.append(pytest.param(source, shown.rstrip("\n"), id=name))
    return found


def in_html(formatted: Formatted) -> str:
    """Return a formatted text in Telegram's HTML, as python-telegram-bot writes it."""
    entities = [
        telegram.MessageEntity(
            each.type,
            each.offset,
            each.length,
            url=each.url,
            language=each.language,
            custom_emoji_id=each.custom_emoji_id,
        )
        for each in formatted.entities
    ]
    chat = telegram.Chat(ANN, "private")
    return telegram.Message(1, datetime.now(UTC), chat, text=formatted.text, entities=entities).text_html


def shown(markdown: str) -> str:
    """Return what is shown of Markdown, in Telegram's HTML."""
    return in_html(FORMATTER.format(markdown))


def test_it_is_the_port() -> None:
    assert isinstance(FORMATTER, Formatter)


def test_there_are_at_least_sixty_samples() -> None:
    assert len({sample.id for sample in samples()}) >= 60


@pytest.mark.parametrize(("markdown", "expected"), samples())
def test_markdown_looks_as_the_sample_says(markdown: str, expected: str) -> None:
    assert shown(markdown) == expected


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("one  \r\ntwo\rthree", "one\ntwo\nthree"),
        ("The end.  \n\n", "The end."),
        ("a\0b **\ud800**", "a b <b>\ufffd</b>"),
        ("\u202bשלום\u202c **b**", "\u202bשלום\u202c <b>b</b>"),
        ("**a\u200b**b", "<b>a\u200b</b>b"),
        ("![p](data:image/png;base64," + "A" * 500 + ")", "p"),
        ("[a](<https://example.org/b c>)", '<a href="https://example.org/b%20c">a</a>'),
        ("<br><br>x", "x"),
        ("a<br><br>x", "a\n\nx"),
        ("~~a~~ ~b~", "<s>a</s> ~b~"),
        ("> a\n\nb\n\n> c", "<blockquote>a</blockquote>\n\nb\n\n<blockquote>c</blockquote>"),
        ("- > a\n- b", "•\n<blockquote>a</blockquote>\n• b"),
        ("- a\n\n  > - b\n  >   c\n  d", "• a\n\n<blockquote>• b\n  c\n  d</blockquote>"),
        ("-\n- b", "•\n• b"),
        ("| a |\n|---|", "<pre>a</pre>"),
        ("| a | b |\n|---|---|\n| x<br>z | y |", "<b>a:</b> x\nz\n<b>b:</b> y"),
        ("1. a\n   > b\n\n   c", "1. a\n<blockquote>b</blockquote>\n\n  c"),
    ],
)
def test_what_no_file_of_samples_can_hold_looks_as_it_should(markdown: str, expected: str) -> None:
    assert shown(markdown) == expected


@pytest.mark.parametrize(
    "markdown", ["", " \n ", ">", "```\n\n```", "\u200b", "[](#a)", "# ", "![](data:,)", "||||"]
)
def test_what_would_show_nothing_comes_back_as_it_is(markdown: str) -> None:
    assert FORMATTER.format(markdown) == Formatted(markdown)


def test_what_is_longer_than_an_answer_may_be_is_left_as_it_is() -> None:
    longest = "**a** " * (SOURCE_CHARS_MAX // 6)
    assert "**" not in FORMATTER.format(longest).text
    too_long = longest + "**b** "
    assert FORMATTER.format(too_long) == Formatted(too_long)


def test_a_text_written_to_grow_is_left_as_it_is() -> None:
    table = "|" + "a" * 36 + "|b|\n|-|-|\n" + "|||\n" * 5_000
    assert FORMATTER.format(table).text == table


def test_a_fault_of_the_reader_costs_the_formatting_and_not_the_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class PanicException(BaseException):
        """What a panic in Rust looks like."""

    for error in (RuntimeError("the text"), PanicException("the text")):

        def fail(_: str, error: BaseException = error) -> Any:
            raise error

        monkeypatch.setattr(formatter, "parse", fail)
        assert FORMATTER.format("**a**") == Formatted("**a**")
    assert "the text" not in caplog.text
    assert caplog.text.count("sent without its formatting") == 2


def test_what_stops_the_process_is_not_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: str) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(formatter, "parse", stop)
    with pytest.raises(KeyboardInterrupt):
        FORMATTER.format("**a**")


HOSTILE = {
    "brackets": "[" * 40_000,
    "links": "[a](b" * 10_000,
    "link": "[a](http://" + "b." * 20_000 + "c)",
    "stars": "*a " * 20_000,
    "nested": "*a **b " * 4_000 + "c" + "** *" * 4_000,
    "quotes": ">" * 40_000,
    "lists": "- " * 20_000 + "a",
    "deeper lists": "\n".join(" " * n + "- a" for n in range(250)),
    "backticks": "".join("`" * n + " " for n in range(280)),
    "fences": "```\n" * 10_000,
    "spoilers": "||a " * 10_000,
    "pairs": "||a|| " * 6_000,
    "tags": "<b>" * 10_000 + "</b>" * 2_000,
    "open tags": "<a " * 13_000,
    "formulas": r"\(" * 20_000,
    "roots": "$" + r"\sqrt" * 200 + "x$",
    "dollars": "$a b$ " * 6_000,
    "cells": "|a" * 4_000 + "\n" + "|-" * 4_000 + "\n" + "|\n" * 10_000,
    "definitions": "".join(f"[a{n}]: b\n" for n in range(3_000)),
    "headings": "# a\n" * 10_000,
    "code": "**" + "`a` " * 10_000 + "**",
    "flags": "🇩🇪" * 10_000,
    "marks": "a" + "\u0301" * 40_000,
    "megabyte": "**word** `code`\n" * 65_536,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_formatted_and_cut_in_bounded_time(name: str) -> None:
    began_s = time.monotonic()
    source = HOSTILE[name]
    for markdown in (source[:SOURCE_CHARS_MAX], source):
        formatted = FORMATTER.format(markdown)
        for part in split(formatted.text, formatted.entities):
            assert utf16_length(part.text) <= 4096
    assert time.monotonic() - began_s < PATIENCE_S


INLINE = [
    "word",
    " ",
    "  ",
    "**",
    "*",
    "_",
    "__",
    "~~",
    "~",
    "`",
    "``",
    "||",
    "|",
    "$",
    "$$",
    r"\(",
    r"\)",
    r"\[",
    r"\]",
]
LINKS = [
    "[a](",
    "https://a.bc/",
    ")",
    "[",
    "](",
    "]",
    "![",
    "<https://a.bc>",
    "[^1]",
    "[^1]: ",
    "(tg://user?id=5)",
]
BLOCKS = [
    "\n",
    "\n\n",
    "# ",
    "- ",
    "1. ",
    "> ",
    "```",
    "```py\n",
    "    ",
    "---\n",
    "| a | b |\n|---|---|\n",
    "- [x] ",
    "\t",
]
OTHERS = [
    "<b>",
    "</b>",
    "<br>",
    "<x>",
    "&amp;",
    "\\",
    "😀",
    "👨‍👩‍👧‍👦",
    "e\u0301",
    "שלום",
    "\u202b",
    "漢字。",
    "\0",
    "\ud800",
    "5",
]
MARKDOWN = st.lists(
    st.sampled_from([*INLINE, *LINKS, *BLOCKS, *OTHERS, "x" * 40, "word " * 20]), max_size=60
).map("".join)


async def send_all(parts: list[Formatted]) -> list[dict[str, Any]]:
    """Send each part as our adapter would, to Telegram in memory; return the messages that came of it."""
    clock = ManualClock()
    world = World(clock.now, first_update_id=1000, first_message_id=1)
    world.add_bot(TOKEN)
    world.say(ANN, ANN, "hi")
    bot = MemoryTelegram(world, TOKEN, clock)
    sent = []
    for part in parts:
        payload = TelegramSend(bot_id=4242, chat_id=ANN, text=part.text, entities=part.entities)
        call = bot_call(payload, repeat=False, message_id=None)
        message = await bot.call(call.method, call.all_params(), 5.0)
        assert isinstance(message, dict)
        sent.append(message)
    await bot.aclose()
    return sent


@settings(derandomize=True, max_examples=300, deadline=None)
@given(MARKDOWN, st.integers(20, 300))
def test_whatever_is_written_telegram_takes_and_foreign_libraries_can_show(
    markdown: str, limit_units: int
) -> None:
    formatted = FORMATTER.format(markdown)
    assert FORMATTER.format(markdown) == formatted
    assert acceptable(formatted.text, formatted.entities) == formatted
    assert is_blank(formatted.text) <= is_blank(markdown)
    parts = split(formatted.text, formatted.entities, limit_units)
    messages = asyncio.run(send_all(parts))
    for part, message in zip(parts, messages, strict=True):
        assert "".join(message["text"].split()) == "".join(part.text.split())
        found = [
            each for each in message.get("entities", ()) if each["type"] in {e.type for e in part.entities}
        ]
        assert len(found) == len(part.entities)
        read = aiogram.types.Message.model_validate(message)
        decorated = html_decoration.unparse(read.text or "", read.entities)
        assert "".join(html.unescape(decorated).split()).count("word") == part.text.count("word")
        in_html(part)
    joined = "".join(message["text"] for message in messages)
    # Of what shows nothing, such as a lone mark of direction, there need be no message.
    assert [each for each in joined if not is_blank(each)] == [
        each for each in formatted.text if not is_blank(each)
    ]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_at_all_is_formatted_without_an_error(text: str) -> None:
    formatted = FORMATTER.format(text)
    assert acceptable(formatted.text, formatted.entities) == formatted


LETTERS = st.text(st.sampled_from("abc 漢שé😀.,:;!?()'\"-+=<>&/@#%0123456789\n"), min_size=1, max_size=80)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(LETTERS)
def test_no_letter_and_no_digit_of_a_text_is_lost(text: str) -> None:
    kept = "".join(filter(str.isalnum, FORMATTER.format(text).text))
    written = "".join(filter(str.isalnum, text))
    assert kept == written or html.unescape(text) != text


def test_a_long_answer_arrives_in_parts_with_its_code_still_code() -> None:
    code = "\n".join(f"    value_{number} = compute({number})" for number in range(400))
    formatted = FORMATTER.format(f"**Answer**\n\n```python\ndef main():\n{code}\n```\n\nThat is *all*.")
    parts = split(formatted.text, formatted.entities)
    assert len(parts) > 2
    assert all(
        Entity("pre", 0, utf16_length(part.text), language="python") in part.entities for part in parts[1:-1]
    )
    assert [len(message["entities"]) for message in asyncio.run(send_all(parts))] == [
        len(part.entities) for part in parts
    ]
