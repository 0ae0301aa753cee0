"""Whether a server has answered, and in which state it is, as told from what goes over its connections."""

import struct

import pytest

from entrypoints.simulation.wire import PostgresDialog, RedisDialog, answer, command, command_of, values_of


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


READY = message(b"Z", b"I")
STARTUP = struct.pack("!ii", 8, 196608)


def logged_in() -> PostgresDialog:
    dialog = PostgresDialog()
    dialog.sent(STARTUP)
    assert dialog.waits
    dialog.received(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
    assert not dialog.waits
    dialog.sent(message(b"p", b"proof"))
    dialog.received(message(b"R", struct.pack("!i", 12)) + message(b"R", struct.pack("!i", 0)))
    assert dialog.waits
    dialog.received(message(b"K", struct.pack("!ii", 77, 1)) + READY)
    assert not dialog.waits
    return dialog


def test_a_login_is_over_when_the_server_is_ready() -> None:
    dialog = logged_in()
    assert (dialog.pid, dialog.status, dialog.is_ready) == (77, b"I", True)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_an_answer_may_come_in_pieces_of_any_size(size: int) -> None:
    dialog = logged_in()
    dialog.sent(command_of("begin"))
    told = message(b"C", b"BEGIN\0") + message(b"Z", b"T")
    heard = b""
    for at in range(0, len(told), size):
        assert dialog.waits
        heard += dialog.received(told[at : at + size])
    assert (heard, dialog.waits, dialog.status) == (told, False, b"T")


def test_a_statement_is_prepared_before_it_is_run_and_a_failure_ends_both() -> None:
    dialog = logged_in()
    dialog.sent(message(b"P") + message(b"D") + message(b"H"))
    dialog.received(message(b"1") + message(b"t"))
    assert dialog.waits
    dialog.received(message(b"T"))
    assert (dialog.waits, dialog.is_ready) == (False, False)
    dialog.sent(message(b"B") + message(b"E") + message(b"S"))
    dialog.received(message(b"E", b"C42P01\0"))
    assert dialog.waits
    dialog.received(READY)
    assert (dialog.waits, dialog.is_ready) == (False, True)


def test_after_a_failure_the_server_passes_over_what_comes_until_it_is_to_synchronise() -> None:
    dialog = logged_in()
    dialog.sent(message(b"P") + message(b"D") + message(b"H"))
    dialog.received(message(b"E", b"C42601\0"))
    assert not dialog.waits
    dialog.sent(message(b"B") + message(b"S"))
    dialog.received(READY)
    assert not dialog.waits


def test_what_the_simulation_asks_by_itself_is_kept_from_the_client() -> None:
    dialog = logged_in()
    dialog.hide()
    dialog.sent(command_of("commit"))
    assert dialog.is_commit
    own, told = message(b"C", b"SET\0") + READY, message(b"C", b"COMMIT\0") + READY
    assert dialog.received(own) == b""
    assert dialog.waits
    assert dialog.received(told) == told
    assert not dialog.waits


def test_a_request_to_cancel_is_answered_by_the_end() -> None:
    dialog = PostgresDialog()
    dialog.sent(struct.pack("!iiii", 16, 80877102, 77, 1))
    assert dialog.waits


def test_the_values_of_a_row_are_texts_or_none() -> None:
    assert values_of(struct.pack("!hi2si", 2, 2, b"ab", -1)) == ("ab", None)


def test_commands_are_read_one_by_one_and_each_has_one_answer() -> None:
    dialog = RedisDialog()
    sent = command(b"MULTI") + command(b"XACK", b"key", b"\r\n$3\r\n") + command(b"EXEC")
    assert dialog.sent(sent[:20]) == [[b"MULTI"]]
    assert dialog.sent(sent[20:]) == [[b"XACK", b"key", b"\r\n$3\r\n"], [b"EXEC"]]
    told = b"+OK\r\n+QUEUED\r\n" + answer([1, [b"a", None]])
    assert dialog.received(told[:-3]) == [b"OK", b"QUEUED"]
    assert dialog.waits
    assert dialog.received(told[-3:]) == [[1, [b"a", None]]]
    assert not dialog.waits
