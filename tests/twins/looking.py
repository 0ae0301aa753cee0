"""Everything that can be read through the ports of the store, in a form in which both sides tell the same.

What is numbered by a sequence is told by its place, and what came about at one moment in an order of its own. Not
here: tasks (``agenda_machine``).
"""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from application.changes import Head
from application.letters import Letter, LetterFilter
from application.ports import Round
from application.records import AuditEntry, AuditFilter
from domain.decisions import Outcome
from tests.contract.legs import Leg, ident
from tests.twins.given import BUCKETS, CHATS, HASHES, KEYS, LANES, NAMES, SCOPES, SUBJECTS, TRACES, role_of

ALL = 10_000


def heads_of(current: Round) -> object:
    """Tell what a round offers, without the numbers of rows."""
    heads = {head.lane: evolve(head, seq=0) for head in current.heads}
    return (
        heads,
        {lane: round(s, 6) for lane, s in current.waiting.items()},
        set(current.claimed),
        set(current.idle),
    )


def places(heads: Sequence[Head]) -> list[str]:
    """Tell in which order rows were numbered."""
    return [head.lane for head in sorted(heads, key=lambda head: head.seq)]


def letters_of(letters: Sequence[Letter]) -> list[Letter]:
    """Tell letters without their numbers, in their order."""
    return [evolve(letter, letter_id=0) for letter in letters]


def entries_of(entries: Sequence[AuditEntry]) -> list[Any]:
    """Tell rows of the audit: those of one moment in an order of their own."""
    return sorted((entry.at, entry.consumer, repr(entry.row)) for entry in entries)


async def look_at_lanes(leg: Leg, target: str) -> object:
    """Tell what every lane of a target that no open round has offers, and what is due."""
    store = leg.store(role_of(target), "looker")
    async with store.round(target, LANES) as current:
        seen = heads_of(current), places(current.heads)
    return seen, await store.due_lanes(target, "", 2, 1.0)


async def look_at_brain(leg: Leg) -> object:
    """Tell what a round of the brain reads, but for tasks."""
    async with leg.store("brain", "looker").round("brain", LANES) as current:
        behind = set(await current.behind_a_retry([ident(name) for name in NAMES]))
        settings = await current.settings(SCOPES)
        first_runs = await current.first_runs(TRACES)
        people = await current.access.people(SUBJECTS)
        listed = [[await current.access.listed(bot_id, limit) for limit in (1, ALL)] for bot_id in (1, 2)]
        moved = await current.tasks.moved(SCOPES)
        contacts = await current.tasks.contacts(SCOPES)
        codes = await current.access.codes(HASHES)
        asking = [await current.access.asking(bot_id) for bot_id in (1, 2)]
    return behind, settings, first_runs, people, listed, moved, contacts, codes, asking


async def look_at_sender(leg: Leg) -> object:
    """Tell what a round of the sender reads, and what is due by other bounds."""
    store = leg.store("sender", "looker")
    async with store.round("sender", LANES) as current:
        behind = set(await current.behind_a_retry([ident(name) for name in NAMES]))
        told = behind, await current.rates(BUCKETS), await current.delivered(KEYS)
    due = [await store.due_lanes("sender", after, 1, 0.0) for after in ("", LANES[1])]
    return told, due


async def look_at_records(leg: Leg) -> object:
    """Tell the audit and the figures."""
    audit = await leg.records.audit(AuditFilter(limit=ALL))
    return entries_of(audit), [entry.at for entry in audit], await leg.records.figures()


async def look_at_audit(leg: Leg) -> object:
    """Tell what operators read otherwise."""
    records = leg.records
    filters = (
        AuditFilter(limit=ALL, outcome=Outcome.DUPLICATE.value),
        AuditFilter(limit=ALL, consumer="operator"),
        AuditFilter(limit=ALL, scope=SCOPES[0]),
    )
    some = [entries_of(await records.audit(wanted)) for wanted in filters]
    newest = [entry.at for entry in await records.audit(AuditFilter(limit=3))]
    traces = [await records.traces(prefix, 2) for prefix in ("", "a", TRACES[0])]
    ids = [await records.trace_of_delivery(*chat, message_id) for chat in CHATS for message_id in (1, 2)]
    return some, newest, traces, ids, await leg.store().figures(), await leg.store().api_mode()


async def look_at_letters(leg: Leg) -> object:
    """Tell the dead letters."""
    everything = await leg.letters.newest(LetterFilter(), ALL)
    newest = letters_of(await leg.letters.newest(LetterFilter(), 2))
    some = []
    for wanted in (
        LetterFilter(target="sender"), LetterFilter(lane=LANES[0]), LetterFilter(reason="WHY"),
        LetterFilter(event_type="message.received"), LetterFilter(trace="a"),
    ):  # fmt: skip
        found = await leg.letters.oldest(wanted, 0, ALL, ALL)
        counted = await leg.letters.count(wanted)
        some.append(
            (
                letters_of(found),
                counted.letters,
                counted.last_id == max((x.letter_id for x in found), default=0),
            )
        )
    return letters_of(everything), newest, some
