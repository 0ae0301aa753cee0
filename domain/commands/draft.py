"""What stands in the words of a command beside the title and the time: priority, tags, who it is for, numbers.

Not here: the time (``domain.commands.timing``).
"""

import re
from collections.abc import Sequence

from attrs import evolve, frozen

from domain.commands.base import Mentioned
from domain.tasks.values import TAG_CHARS_MAX, Priority, Who

NUMBERS_MAX = 20
_PRIORITIES = {
    "high": Priority.HIGH, "urgent": Priority.HIGH, "hoch": Priority.HIGH, "dringend": Priority.HIGH,
    "normal": Priority.NORMAL, "low": Priority.LOW, "niedrig": Priority.LOW,
}  # fmt: skip
_MARK = re.compile(r"(?<!\S)([!#@])(\S+)")
# A tag begins with a letter: "#3" is how people name a task.
_TAG = re.compile(r"[^\W\d_][\w-]*")
# https://core.telegram.org/api/names: at least four characters, of which the first is a letter.
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
# As people write it, and as lists show it: "3", "#3", "3.".
_NUMBER = re.compile(r"#?([0-9]{1,9})[.:,;)]?")
# Telegram gives nobody this id: a name alone tells who it is for.
_UNKNOWN_USER = 0


@frozen
class Draft:
    """The words of a command, and the marks that stood among them; None where there was none of a kind."""

    text: str
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    assigned_to: Who | None = None


def draft(words: str, *, is_private: bool, mentioned: Sequence[Mentioned] = ()) -> Draft:
    """Return the words without the marks, and these; what only looks like a mark stays a word.

    Whoever is named first is whom it is for: by a user name, or by a link, which ``mentioned`` has. In private there is
    nobody else whom a task could be for, so a name there is a word.
    """
    found = Draft("")
    tags: dict[str, None] = {}

    def take(match: re.Match[str]) -> str:
        nonlocal found
        sign, word = match.groups()
        # "@ann: milk" and "@ann, milk" speak to somebody.
        user_name = word.rstrip(":,")
        if sign == "!" and word.lower() in _PRIORITIES:
            found = evolve(found, priority=_PRIORITIES[word.lower()])
        elif sign == "#" and _TAG.fullmatch(word) and len(word) <= TAG_CHARS_MAX:
            tags[word.casefold()] = None
        elif sign == "@" and not is_private and found.assigned_to is None and _USERNAME.fullmatch(user_name):
            found = evolve(found, assigned_to=Who(_UNKNOWN_USER, f"@{user_name}"))
        else:
            return match[0]
        return ""

    link = None if is_private else next((each for each in mentioned if each.from_end <= len(words)), None)
    begin = len(words) - link.from_end if link is not None else len(words)
    text, rest = _MARK.sub(take, words[:begin]), words[begin:]
    if link is not None and found.assigned_to is None:
        found = evolve(found, assigned_to=link.who)
        rest = f" {rest[link.length :].lstrip(':,')}"
    text += _MARK.sub(take, rest)
    return evolve(found, text=" ".join(text.split()), tags=tuple(tags))


def tag_of(word: str) -> str | None:
    """Return the tag that ``#word`` names; None where it is none."""
    is_tag = word.startswith("#") and _TAG.fullmatch(word[1:]) and len(word) <= TAG_CHARS_MAX + 1
    return word[1:].casefold() if is_tag else None


def numbers_of(args: str) -> tuple[int, ...] | None:
    """Return the numbers of tasks that ``args`` are, each once; None where they are something else, or too many."""
    words = re.split(r"[\s,;]+", args.strip(" \n\t,;"))
    found = [_NUMBER.fullmatch(word) for word in words]
    if len(words) > NUMBERS_MAX or not all(found):
        return None
    return tuple(dict.fromkeys(int(each[1]) for each in found if each is not None))


def number_and_rest(args: str) -> tuple[int, str] | None:
    """Return the number that ``args`` begin with, and what follows; None where they begin with something else."""
    first, *rest = args.split(maxsplit=1) or [""]
    found = _NUMBER.fullmatch(first)
    return (int(found[1]), "".join(rest).strip()) if found is not None else None
