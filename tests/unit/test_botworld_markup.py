"""Markup that bots rarely write, as Telegram reads it, and what Telegram keeps of entities."""

import pytest

from adapters.botworld import ApiError
from adapters.botworld.entities import settled
from adapters.botworld.markup import parsed


class TestOldAndRareMarkup:
    @pytest.mark.parametrize(
        ("mode", "source", "text", "kinds"),
        [
            ("Markdown", "*b* _i_ `c` [x](https://a.b) \\*", "b i c x *", "bold italic code text_link"),
            ("Markdown", "```py\nx```", "x", "pre"),
            ("MarkdownV2", "[A](tg://user?id=7)", "A", "text_mention"),
            ("MarkdownV2", "![😀](tg://emoji?id=5)", "😀", "custom_emoji"),
            ("MarkdownV2", ">a\n>b||", "a\nb", "expandable_blockquote"),
            ("MarkdownV2", "_a __b__ c_", "a b c", "italic underline"),
            ("HTML", "<blockquote expandable>a</blockquote>", "a", "expandable_blockquote"),
            ("HTML", '<span class="tg-spoiler">a</span>&nbsp;', "a&nbsp;", "spoiler"),
            ("HTML", '<tg-emoji emoji-id="5">😀</tg-emoji>', "😀", "custom_emoji"),
            (
                "HTML",
                "<a href='tg://user?id=7'>A</a> <a>example.org</a>",
                "A example.org",
                "text_mention text_link",
            ),
            ("none", "*a*", "*a*", ""),
        ],
    )
    def test_it_becomes_text_and_entities(self, mode: str, source: str, text: str, kinds: str) -> None:
        plain, entities = parsed(source, mode)
        assert (plain, " ".join(entity["type"] for entity in entities)) == (text, kinds)

    @pytest.mark.parametrize(
        ("mode", "source", "error"),
        [
            ("Markdown", "a _b", "Can't find end of the entity starting at byte offset 2"),
            ("HTML", "<b", "Unclosed start tag at byte offset 0"),
            ("HTML", "<b>x</b", "Unclosed end tag at byte offset 4"),
            ("HTML", "<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
            ("HTML", "<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
            ("HTML", '<a "x">z</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
            ("HTML", '<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"),
            ("MarkdownV2", "![x]", "The entity must contain a tg://emoji or tg://time URL"),
            ("MarkdownV2", "![x](https://a.b)", "Invalid tg://emoji or tg://time URL specified"),
            ("MarkdownV2", "a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
            ("MarkdownV2", ">*a\nb", "Can't find end of Bold entity at byte offset 1"),
            ("MarkdownV2", "```py\nx", "Can't find end of PreCode entity at byte offset 0"),
        ],
    )
    def test_it_breaks_where_telegram_breaks(self, mode: str, source: str, error: str) -> None:
        with pytest.raises(ApiError) as caught:
            parsed(source, mode)
        assert caught.value.description == f"Bad Request: can't parse entities: {error}"

    def test_nothing_is_found_or_kept_inside_of_code(self) -> None:
        text, entities = settled("/a https://b.org", [{"offset": 0, "length": 16, "type": "pre"}])
        assert (text, [entity["type"] for entity in entities]) == ("/a https://b.org", ["pre"])
        bold = {"offset": 1, "length": 5, "type": "bold"}
        assert [one["type"] for one in settled("ab https://b.org", [bold])[1]] == ["bold"]
