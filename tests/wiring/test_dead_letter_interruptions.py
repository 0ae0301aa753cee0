"""``openclaw dlq`` with somebody at the terminal, and killed, cut off or interrupted in the middle."""

import os
import pty
import signal

import pytest

from entrypoints.exits import Exit
from tests.wiring.buried import (
    BURY_MANY,
    ENDED,
    LETTERS,
    WAITING,
    given_letters,
    held_up,
    on,
    sizes,
    started,
    until,
)
from tests.wiring.installation import WAIT_S


@pytest.fixture
def url(database: str) -> str:
    """A database with three letters."""
    given_letters(database, *LETTERS)
    return database


# With somebody at the terminal


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y", Exit.OK, 1), ("n", Exit.OK, 3), ("\x04", Exit.INTERRUPTED, 3)]
)
def test_somebody_at_a_terminal_is_asked_first(url: str, answer: str, code: int, left: int) -> None:
    ours, theirs = pty.openpty()
    with started(url, "dlq", "redrive", "--target", "sender", "--all", stdin=theirs) as process:
        os.close(theirs)
        os.write(ours, answer.encode() + (b"\n" if answer.isalpha() else b""))
        out, err = process.communicate(timeout=WAIT_S)
        os.close(ours)
    assert "redrive 2 letters matching --target? [y/N]" in err
    assert process.returncode == code
    assert out == ("2 letters redriven\n" if answer == "y" else "")
    assert sizes(url)[0] == left


# Deaths and Ctrl-C in the middle


@pytest.mark.parametrize("table", ["dead_letters", "outbox", "audit"])
def test_a_redrive_that_is_killed_is_done_or_not_done_and_never_half(url: str, table: str) -> None:
    with held_up(url, table), started(url, "dlq", "redrive", "1", "2") as process:
        until(url, WAITING)
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)
    until(url, ENDED)
    letters, owed, audited = sizes(url)
    assert (letters + owed, audited) == (3, owed)
    with started(url, "dlq", "redrive", "1", "2") as again:
        again.communicate(timeout=WAIT_S)
    assert sizes(url) == (1, 2, 2)


def test_a_redrive_whose_connection_is_cut_changes_nothing_and_says_so(url: str) -> None:
    with held_up(url, "audit"), started(url, "dlq", "redrive", "1", "2") as process:
        until(url, f"select pg_terminate_backend(pid) from ({WAITING}) waiting")
        _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == Exit.UNREACHABLE
    assert err.startswith("openclaw: Postgres at ")
    assert sizes(url) == (3, 0, 0)


def test_ctrl_c_ends_between_two_batches_and_says_how_many_were_done(url: str) -> None:
    many = BURY_MANY.format("sender")
    on(url, lambda connection: connection.execute(many))
    with started(url, "dlq", "discard", "--all", "--yes", "--why", "old") as process:
        with held_up(url, "audit"):
            until(url, WAITING)
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == Exit.INTERRUPTED
    done = int(out.split()[0])
    assert done in (500, 1000)
    assert err.endswith("openclaw: ended by Ctrl-C between two batches; run it again to go on\n")
    assert sizes(url) == (1203 - done, 0, done)
