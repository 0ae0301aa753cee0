"""``openclaw dlq`` and ``openclaw audit --follow`` against a database of the test's own, without services.

What moving a letter does is in ``tests/contract/test_dead_letters_contract.py``; looking at one beside a running ``up``
is in ``test_operator_commands``.
"""

import json
import os
from collections.abc import Callable, Iterator

import pytest

from entrypoints.cli import main
from entrypoints.exits import Exit
from tests.servers import Databases
from tests.wiring.buried import (
    BURY,
    BURY_MANY,
    LETTERS,
    TEXT,
    TRACE,
    a_send,
    event,
    given_letters,
    on,
    servers,
    sizes,
    value,
)
from tests.wiring.installation import Done

Run = Callable[..., Done]


@pytest.fixture
def url(database: str) -> str:
    """A database with three letters: two that Telegram refused, and one whose bytes are no event."""
    given_letters(database, *LETTERS)
    return database


@pytest.fixture
def run(url: str, runner: Callable[[str], Run]) -> Run:
    """Run a command on a database of the test's own."""
    return runner(url)


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[str]:
    """The same for tests that change nothing."""
    with databases.fresh() as url:
        given_letters(url, *LETTERS)
        yield url


@pytest.fixture
def look(shared: str, runner: Callable[[str], Run]) -> Iterator[Run]:
    """Run a command that changes nothing."""
    yield runner(shared)
    assert sizes(shared) == (3, 0, 0)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Run]:
    """Run commands on a database, in this process and with nobody who could be asked."""

    def on_database(url: str) -> Run:
        for name, text in {**servers(url), "OPENCLAW_ENV_FILE": os.devnull}.items():
            monkeypatch.setenv(name, text)

        def run(*arguments: str) -> Done:
            capsys.readouterr()
            code = main(arguments)
            return Done(code, *capsys.readouterr())

        return run

    return on_database


def ids(done: Done) -> list[int]:
    """Return the ids of the letters that a command printed as JSON."""
    return [json.loads(line)["id"] for line in done.out.splitlines()]


# Looking


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), [1, 2, 3]),
        (("--target", "sender"), [1, 2]),
        (("--type", "telegram.send", "--reason", "bad gateway"), [2]),
        (("--chat", "-5", "--bot", "1"), [1, 3]),
        (("--scope", "1:c-5"), [1, 3]),
        (("--scope", "1:u7"), [2]),
        (("--trace", TRACE[:8]), [1, 2]),
        (("--since", "1h"), [1, 2, 3]),
        (("--until", "1h"), []),
        (("--limit", "1"), [3]),
    ],
)
def test_letters_are_listed_and_counted_by_filters(
    look: Run, filters: tuple[str, ...], found: list[int]
) -> None:
    assert ids(look("dlq", "list", "--json", *filters)) == found
    if "--limit" not in filters:
        assert look("dlq", "list", "--count", *filters).out == f"{len(found)}\n"


def test_a_list_of_none_says_what_was_looked_for(look: Run) -> None:
    done = look("dlq", "list", "--reason", "nothing", "--target", "brain")
    assert (done.code, done.out) == (Exit.OK, "no dead letters matching --reason and --target\n")
    assert look("dlq", "list", "--count", "--json", "--until", "1h").out == '{"count":0}\n'


@pytest.mark.parametrize("name", ["2", str(event(2)), str(event(2)).upper()])
def test_show_tells_everything_but_what_people_wrote(look: Run, name: str) -> None:
    done = look("dlq", "show", name)
    assert done.code == Exit.OK, done.err
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0] == "letter 2"
    for line in (
        f"event     {event(2)}  telegram.send", f"trace     {TRACE}", "key       tg:1:2/reply", "chat      1:7",
        "attempts  6", "    6 attempts failed, the last one: Telegram: 502 Bad Gateway",
        "    payload.chat_id  -5", "    payload.text     28 characters", "the audit has no row of it any more",
    ):  # fmt: skip
        assert line in lines
    assert TEXT not in done.out + look("dlq", "show", "--json", name).out


def test_show_finds_each_letter_of_a_trace_and_what_the_audit_has_of_it(run: Run, url: str) -> None:
    retried = "insert into openclaw.audit (consumer, outcome, trace_id) values ('sender', 'retried', $1)"
    on(url, lambda connection: connection.execute(retried, TRACE))
    shown = [json.loads(line) for line in run("dlq", "show", "--json", TRACE[:12]).out.splitlines()]
    assert [letter["id"] for letter in shown] == [1, 2]
    assert [row["outcome"] for row in shown[0]["audit"]] == ["retried"]
    assert shown[0]["envelope"]["payload.text"] == "28 characters"


def test_the_payload_is_shown_to_who_asks_for_it_with_a_warning(look: Run) -> None:
    done = look("dlq", "show", "3", "--payload")
    assert f'"text": "{TEXT}"' in done.out
    assert done.err == "openclaw: what follows holds what people wrote; do not pass it on\n"
    assert json.loads(look("dlq", "show", "1", "--payload", "--json").out)["payload"].startswith("{\n")


KNOWN = "select array_agg(letter_id order by letter_id) filter (where known) from openclaw.dead_letters"
SEEN = "select count(*) from openclaw.runtime where name = 'dead_letters_seen'"


def known(url: str) -> tuple[list[int], int]:
    """Return which letters somebody knows of, and whether somebody looked."""
    return value(url, KNOWN) or [], value(url, SEEN)


@pytest.mark.parametrize(
    "arguments",
    [("list", "--json"), ("list", "--count"), ("show", "2", "--json"), ("redrive", "2", "--dry-run"),
     ("list", "--count", "--json")],
)  # fmt: skip
def test_what_a_script_asks_is_no_look(run: Run, url: str, arguments: tuple[str, ...]) -> None:
    assert run("dlq", *arguments).code == Exit.OK
    assert known(url) == ([], 0)


def test_what_somebody_was_shown_is_known_and_nothing_else(run: Run, url: str) -> None:
    run("dlq", "list", "--limit", "1")
    assert known(url) == ([3], 1)
    run("dlq", "show", "1")
    assert known(url) == ([1, 3], 1)
    run("dlq", "list", "--reason", "nothing")
    assert known(url) == ([1, 3], 1)


@pytest.mark.parametrize("arguments", [("redrive", "2"), ("discard", "2", "--why", "tested")])
def test_whoever_moves_letters_has_looked(run: Run, url: str, arguments: tuple[str, ...]) -> None:
    assert run("dlq", *arguments).code == Exit.OK
    assert known(url) == ([], 1)


# Moving


def test_redriving_named_letters_owes_them_and_audits_it(run: Run, url: str) -> None:
    done = run("dlq", "redrive", "1", str(event(2)), "1")
    assert (done.code, done.out, done.err) == (Exit.OK, "2 letters redriven\n", "")
    assert sizes(url) == (1, 2, 2)
    (row, _) = [
        json.loads(line) for line in run("audit", "--json", "--consumer", "operator").out.splitlines()
    ]
    assert (row["outcome"], row["event_type"], row["trace_id"]) == ("redriven", "telegram.send", TRACE)
    assert (row["idempotency_key"], row["scope"]) == ("tg:1:1/reply", "1:c-5")


def test_redriving_twice_does_it_once_and_says_so(run: Run, url: str) -> None:
    run("dlq", "redrive", "1")
    done = run("dlq", "redrive", "1")
    assert (done.code, done.out) == (Exit.NOTHING, "")
    assert done.err == "openclaw: letter 1 is not there, or not any more\n"
    assert sizes(url) == (2, 1, 1)
    both = run("dlq", "redrive", "1", "2", "--json")
    assert both.code == Exit.OK
    assert [json.loads(line)["result"] for line in both.out.splitlines()] == ["redriven"]
    assert "letter 1 is not there" in both.err


def test_a_letter_that_holds_no_event_may_be_redriven_and_it_is_said_that_it_comes_back(run: Run) -> None:
    done = run("dlq", "redrive", "3")
    assert done.out == "1 letter redriven\n"
    assert done.err == "openclaw: 1 letter without a valid event will be rejected again\n"


def test_an_event_that_is_owed_already_is_told(run: Run, url: str) -> None:
    owe = "insert into openclaw.outbox (target, event_id, lane, envelope) values ('sender', $1, '1:-5', '')"
    on(url, lambda connection: connection.execute(owe, event(1)))
    done = run("dlq", "redrive", "1")
    assert (done.code, done.out) == (Exit.OK, "0 letters redriven\n")
    assert done.err == "openclaw: 1 letter removed whose event was owed already\n"
    assert sizes(url) == (2, 1, 1)


def test_a_dry_run_shows_what_it_would_be_and_changes_nothing(look: Run) -> None:
    by_filter = look("dlq", "redrive", "--target", "sender", "--all", "--dry-run", "--json")
    assert (by_filter.code, ids(by_filter)) == (Exit.OK, [1, 2])
    assert by_filter.err == "openclaw: would redrive 2 letters; nothing was changed\n"
    named = look("dlq", "discard", "3", "--dry-run")
    assert "trace_id: missing" in named.out
    assert named.err == "openclaw: would discard 1 letter; nothing was changed\n"


def test_all_that_match_are_moved_with_yes(run: Run, url: str) -> None:
    done = run("dlq", "redrive", "--target", "sender", "--all", "--yes")
    assert (done.code, done.out) == (Exit.OK, "2 letters redriven\n")
    assert sizes(url) == (1, 2, 2)
    none = run("dlq", "redrive", "--target", "sender", "--all", "--yes")
    assert (none.code, none.err) == (
        Exit.NOTHING,
        "openclaw: there are no dead letters matching --target\n",
    )


def test_discarding_removes_for_ever_and_keeps_why(run: Run, url: str) -> None:
    done = run("dlq", "discard", "--all", "--yes", "--why", "old\n and  known")
    assert (done.code, done.out) == (Exit.OK, "3 letters discarded\n")
    assert sizes(url) == (0, 0, 3)
    assert value(url, "select string_agg(distinct reason, '|') from openclaw.audit") == "old and known"


def test_many_letters_are_moved_in_batches_whose_progress_is_told(run: Run, url: str) -> None:
    many = BURY_MANY.format("sender-bulk")
    on(url, lambda connection: connection.execute(many))
    done = run("dlq", "redrive", "--target", "sender-bulk", "--all", "--yes")
    assert (done.code, done.out) == (Exit.OK, "1200 letters redriven\n")
    assert done.err.splitlines()[:3] == [f"openclaw: {n} of 1200 redriven" for n in (500, 1000, 1200)]
    assert sizes(url) == (3, 1200, 1200)
    lanes = value(url, "select array_agg(lane order by seq) from openclaw.outbox")
    assert lanes == [f"1:{n}" for n in range(1, 1201)], "in the order in which they died"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("redrive",), "name letters by their ids, or give --all for every letter"),
        (("redrive", "--target", "brain"), "or give --all for all letters that match --target"),
        (("redrive", "1", "--target", "brain"), "letters are named, so --target says nothing"),
        (("redrive", "1", "--all"), "letters are named, so --all says nothing"),
        (
            ("redrive", "--all"),
            "redrive 3 letters? Nobody can be asked here; give --yes, or look with --dry-run",
        ),
        (("redrive", "twelve"), "'twelve' is no letter's id (see `openclaw dlq list`), event id, or trace"),
        (("redrive", "--all", "--chat", "1", "--scope", "1:u1"), "--chat and --scope both name an owner"),
        (("list", "--scope", "me"), "'me' is no owner such as 7123456789:u42 or 7123456789:c-1001234567890"),
        (("list", "--until", "soon"), "'soon' is no time"),
        (("show",), "Missing argument 'LETTER'"),
        (("discard", "1"), "--why is missing; say why, such as --why"),
        (("discard", "1", "--why", " \n"), "give a reason of 1 to 200 characters; the audit keeps it"),
        (("discard", "1", "--why", "x" * 201), "give a reason of 1 to 200 characters"),
    ],
)
def test_a_wrong_command_line_is_told_and_changes_nothing(
    look: Run, arguments: tuple[str, ...], told: str
) -> None:
    done = look("dlq", *arguments)
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert told in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("99", "there is no such dead letter"),
        ("837845", "for a trace that begins with these digits give twelve or more"),
        (str(event(9)), "there is no such dead letter"),
        ("abcdef", "there is no such dead letter"),
    ],
)
def test_a_letter_that_is_not_there_is_told(look: Run, name: str, told: str) -> None:
    done = look("dlq", "show", name)
    assert (done.code, done.out) == (Exit.NOTHING, "")
    assert told in done.err
    assert look("dlq", "redrive", name).code == Exit.NOTHING


def test_digits_that_begin_several_traces_are_told(run: Run, url: str) -> None:
    other = a_send(4, trace_id="83784dac5626" + "b" * 20)
    on(url, lambda connection: connection.execute(BURY, "sender", event(4), "1:7", 0, ["x"], other))
    done = run("dlq", "redrive", TRACE[:12])
    assert done.code == Exit.USAGE
    assert f"letters of several traces begin with {TRACE[:12]}: {TRACE}," in done.err
    assert run("dlq", "redrive", TRACE).out == "2 letters redriven\n"
