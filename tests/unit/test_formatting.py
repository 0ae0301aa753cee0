"""Any text with any entities, made what Telegram accepts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events.telegram import Entity
from domain.formatting import CODES, LINKS, QUOTES, STYLES, Formatted, acceptable, clean, is_link
from domain.text import utf16_length

URL = "https://example.org/"
SOLIDS = (*CODES, *LINKS, "custom_emoji")


def made(text: str, *entities: Entity) -> list[tuple[str, int, int]]:
    """Return kind, offset and length of what is acceptable."""
    return [(each.type, each.offset, each.length) for each in acceptable(text, entities).entities]


def faults(formatted: Formatted) -> list[str]:
    """Return what Telegram would not take, rule by rule, written anew from its documentation."""
    text, entities, found = formatted.text, formatted.entities, []
    raw = text.encode("utf-16-le")
    for each in entities:
        end = each.offset + each.length
        if each.offset < 0 or each.length < 1 or 2 * end > len(raw):
            found.append(f"{each} is not within the text")
            continue
        try:
            covered = raw[2 * each.offset : 2 * end].decode("utf-16-le")
        except UnicodeDecodeError:
            found.append(f"{each} cuts a character")
            continue
        if not covered.strip() or covered[-1].isspace() or (covered[0].isspace() and each.type not in CODES):
            found.append(f"{each} begins or ends with whitespace")
        if (each.type == "text_link") != (each.url is not None) or (each.url and not is_link(each.url)):
            found.append(f"{each} is no link")
    for number, one in enumerate(entities):
        for other in entities[number + 1 :]:
            found += faults_between(one, other)
    if [*entities] != sorted(entities, key=lambda each: (each.offset, -each.length)):
        found.append("outer ones do not come before inner ones")
    return found


def faults_between(one: Entity, other: Entity) -> list[str]:
    """Return what is wrong with two entities, of which ``one`` comes first."""
    end, other_end = one.offset + one.length, other.offset + other.length
    if other.offset >= end:
        return []
    if other_end > end:
        return [f"{one} and {other} cross"]
    kinds = one.type, other.type
    if one.type in CODES or (other.type in CODES and one.type not in QUOTES):
        return [f"code nests: {kinds}"]
    if all(kind in QUOTES for kind in kinds) or all(kind in SOLIDS for kind in kinds):
        return [f"these do not nest: {kinds}"]
    if one.type in SOLIDS and other.type in QUOTES:
        return [f"a quote is in {one.type}"]
    if one.type == other.type:
        return [f"{one.type} is in itself"]
    return []


@pytest.mark.parametrize(
    ("text", "entities", "kept"),
    [
        ("whitespace goes", [Entity("bold", 10, 5), Entity("italic", 0, 11)], [("italic", 0, 10), ("bold", 11, 4)]),
        (" \n ", [Entity("bold", 0, 3)], []),
        ("    code", [Entity("pre", 0, 8)], [("pre", 0, 8)]),
        ("too far", [Entity("bold", 4, 99)], [("bold", 4, 3)]),
        ("outside", [Entity("bold", 7, 3), Entity("bold", -4, 3), Entity("italic", 5, -2)], []),
        ("before", [Entity("bold", -3, 5)], [("bold", 0, 2)]),
        ("a😀b", [Entity("bold", 2, 2), Entity("italic", 0, 2)], [("italic", 0, 1), ("bold", 3, 1)]),
        ("unknown", [Entity("blink", 0, 7), Entity("mention", 0, 7), Entity("url", 0, 7)], []),
        ("in itself", [Entity("bold", 0, 9), Entity("bold", 3, 6)], [("bold", 0, 9)]),
        ("touching", [Entity("bold", 0, 4), Entity("bold", 4, 4)], [("bold", 0, 8)]),
        (
            "crossing",
            [Entity("bold", 0, 5), Entity("italic", 3, 5)],
            [("bold", 0, 5), ("italic", 3, 2), ("italic", 5, 3)],
        ),
        ("ab code cd", [Entity("bold", 0, 10), Entity("code", 3, 4)], [("bold", 0, 2), ("code", 3, 4), ("bold", 8, 2)]),
        ("in code", [Entity("code", 0, 7), Entity("bold", 3, 4)], [("code", 0, 7)]),
        ("pre in a quote", [Entity("blockquote", 0, 14), Entity("pre", 4, 2)], [("blockquote", 0, 14), ("pre", 4, 2)]),
        ("quotes", [Entity("blockquote", 0, 6), Entity("blockquote", 2, 2)], [("blockquote", 0, 6)]),
        (
            "quote, quote",
            [Entity("blockquote", 0, 7), Entity("expandable_blockquote", 5, 7)],
            [("blockquote", 0, 6), ("expandable_blockquote", 7, 5)],
        ),
        (
            "link over code",
            [Entity("text_link", 0, 9, url=URL), Entity("code", 5, 9)],
            [("text_link", 0, 9), ("code", 9, 5)],
        ),
        (
            "bold into link",
            [Entity("bold", 0, 7), Entity("text_link", 5, 9, url=URL)],
            [("bold", 0, 4), ("text_link", 5, 9), ("bold", 5, 2)],
        ),
        (
            "ab cd ef",
            [
                Entity("custom_emoji", 0, 3, custom_emoji_id="1"),
                Entity("bold", 1, 4),
                Entity("strikethrough", 3, 5),
            ],
            [("custom_emoji", 0, 2), ("bold", 1, 1), ("strikethrough", 3, 5), ("bold", 3, 2)],
        ),
        (
            "code, a quote",
            [Entity("pre", 0, 13), Entity("blockquote", 6, 7)],
            [("pre", 0, 5), ("blockquote", 6, 7), ("pre", 6, 7)],
        ),
        (
            "half an emoji",
            [Entity("blockquote", 0, 7), Entity("custom_emoji", 5, 4, custom_emoji_id="1")],
            [("blockquote", 0, 7)],
        ),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_mended(
    text: str, entities: list[Entity], kept: list[tuple[str, int, int]]
) -> None:
    assert made(text, *entities) == kept


@pytest.mark.parametrize(
    "entity",
    [
        Entity("text_link", 0, 1),
        Entity("text_link", 0, 1, url="javascript:alert(1)"),
        Entity("text_mention", 0, 1),
        Entity("text_mention", 0, 1, user_id=0),
        Entity("custom_emoji", 0, 1),
        Entity("custom_emoji", 0, 1, custom_emoji_id="smile"),
        Entity("custom_emoji", 0, 1, custom_emoji_id="9" * 19),
    ],
)
def test_what_lacks_its_field_is_left_out(entity: Entity) -> None:
    assert acceptable("x", [entity]) == Formatted("x")


def test_an_entity_keeps_the_fields_of_its_type_and_no_others() -> None:
    entities = [Entity(kind, 0, 1, URL, "py", "5", 7) for kind in ("text_link", "pre", "custom_emoji")]
    assert [acceptable("x", [each]).entities for each in entities] == [
        (Entity("text_link", 0, 1, url=URL),),
        (Entity("pre", 0, 1, language="py"),),
        (Entity("custom_emoji", 0, 1, custom_emoji_id="5"),),
    ]
    assert acceptable("x", [Entity("pre", 0, 1, language="a b")]).entities == (Entity("pre", 0, 1),)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org:8443/a_(b)?c=d#e",
        "HTTPS://EXAMPLE.ORG/",
        "https://пример.рф/путь",
        "http://127.0.0.1/",
        "https://example.org./",
        "tg://user?id=42",
        "tg://resolve?domain=openclaw",
        "https://example.org/" + "a" * 2028,
    ],
)
def test_what_telegram_makes_a_link_of_is_one(url: str) -> None:
    assert is_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org",
        "javascript:alert(1)",
        "mailto:ann@example.org",
        "tel:+491234",
        "http://localhost/",
        "http://",
        "http://.",
        "http://a..b/",
        "https://bank.example@evil.example/",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://exa mple.org/",
        "https://exam<ple.org/",
        "https://example.org/\u202egnp.exe",
        "https://example.org/\ud800",
        "https://example.org/a b",
        "tg://",
        "tg://a.b",
        "tg://user:1?id=5",
        "./README.md",
        "#top",
        "https://example.org/" + "a" * 2029,
    ],
)
def test_what_telegram_refuses_as_a_link_is_none(url: str) -> None:
    assert not is_link(url)


def test_what_is_no_text_is_replaced_unit_by_unit() -> None:
    dirty = "a\0b\x0bc\ud83dd\te\nf"
    assert clean(dirty) == "a b c\ufffdd\te\nf"
    assert acceptable(dirty, [Entity("bold", 6, 1)]) == Formatted(
        "a b c\ufffdd\te\nf", (Entity("bold", 6, 1),)
    )


def test_thousands_of_entities_are_mended_in_bounded_time() -> None:
    text = "ab " * 20_000
    crossing = [Entity(kind, 3 * n, 4) for n in range(4_000) for kind in (*STYLES, "code", "blockquote")]
    assert not faults(Formatted(text, acceptable(text, crossing).entities[:300]))


TEXTS = st.text(st.sampled_from("ab \n\té\u0301😀𝕏漢ש\u202b\u200d\0\ud800"), max_size=24)
ENTITIES = st.builds(
    Entity,
    st.sampled_from([*QUOTES, *LINKS, *CODES, *STYLES, "bold", "custom_emoji", "mention", "nonsense"]),
    st.integers(-2, 30),
    st.integers(-1, 30),
    url=st.sampled_from([None, URL, "nonsense"]),
    language=st.sampled_from([None, "py", "a b", ""]),
    custom_emoji_id=st.sampled_from([None, "1", "x"]),
    user_id=st.sampled_from([None, 7]),
)


@settings(derandomize=True, max_examples=800)
@given(TEXTS, st.lists(ENTITIES, max_size=8))
def test_whatever_comes_in_what_comes_out_is_accepted(text: str, entities: list[Entity]) -> None:
    formatted = acceptable(text, entities)
    assert faults(formatted) == []
    assert utf16_length(formatted.text) == utf16_length(text)
    assert acceptable(formatted.text, formatted.entities) == formatted
