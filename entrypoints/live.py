"""A report that is shown again and again: in place on a terminal, one after the other elsewhere, until Ctrl-C.

On a terminal it takes the alternate screen, so that what was there before is there again at the end. Not here: what
is reported (``entrypoints.overview``), and how it looks (``entrypoints.views``).
"""

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import TextIO

# https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: alternate screen, cursor off; and the way back.
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, END_OF_LINE, REST = "\x1b[H", "\x1b[K", "\x1b[J"
RULE = "--- "

Report = Callable[[], Sequence[str]]


def watch(report: Report, every_s: float, out: TextIO, *, bare: bool = False) -> None:
    """Show ``report`` every ``every_s`` seconds until Ctrl-C or SIGTERM, then return.

    On a terminal it is redrawn in place and fits the window, whose size may change. Elsewhere each report follows a
    line with its time; ``bare`` leaves that line out and never redraws, for what programs read.
    """
    with _ended_by_signals():
        try:
            if out.isatty() and not bare:
                _redraw(report, every_s, out)
            else:
                _append(report, every_s, out, bare=bare)
        except KeyboardInterrupt:
            return


def _append(report: Report, every_s: float, out: TextIO, *, bare: bool) -> None:
    while True:
        lines = report()
        head = [] if bare else [f"{RULE}{_moment()}"]
        out.writelines(f"{line}\n" for line in (*head, *lines))
        out.flush()
        time.sleep(every_s)


def _redraw(report: Report, every_s: float, out: TextIO) -> None:
    with _screen(out), _resized() as resized:
        while True:
            lines = [f"{_moment()}, every {every_s:g} s; Ctrl-C ends", "", *report()]
            deadline = time.monotonic() + every_s
            while True:
                _draw(lines, out)
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not resized(left_s):
                    break


def _draw(lines: Sequence[str], out: TextIO) -> None:
    size = os.get_terminal_size(out.fileno())
    shown = fitted(lines, size.columns, size.lines)
    # Each line clears its own end and the last one what is below, so that nothing flickers.
    out.write(HOME + "\n".join(f"{line}{END_OF_LINE}" for line in shown) + REST)
    out.flush()


def fitted(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    """Return what of ``lines`` fits a window; what does not is counted in its last line. A size of 0 is not known.

    The last column stays free: with a sign in it the cursor stands on that sign, and clearing the rest would take it.
    """
    if rows and len(lines) > rows:
        hidden = len(lines) - rows + 1
        lines = [*lines[: rows - 1], f"... {hidden} more lines; enlarge the window"]
    return [line[: columns - 1] if columns else line for line in lines]


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@contextmanager
def _screen(out: TextIO) -> Iterator[None]:
    """Take the alternate screen, where a line of a log would be out of place, and give it back at the end."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    out.write(ENTER)
    out.flush()
    try:
        yield
    finally:
        out.write(LEAVE)
        out.flush()
        logging.disable(before)


@contextmanager
def _resized() -> Iterator[Callable[[float], bool]]:
    """Lend a function that waits for so many seconds, and returns early and True when the window changed its size."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        reader.setblocking(False)
        # A signal's number is written there the moment it comes, even between two steps of ours.
        wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        handler = signal.signal(signal.SIGWINCH, _nothing)

        def wait(timeout_s: float) -> bool:
            if not select.select([reader], [], [], timeout_s)[0]:
                return False
            reader.recv(4096)
            return True

        try:
            yield wait
        finally:
            signal.signal(signal.SIGWINCH, handler)
            signal.set_wakeup_fd(wakeup)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end it as Ctrl-C does, so that the terminal is given back in either case."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Be a handler, without which the signal would be lost."""
