"""``python -m tests.acceptance.nursery``: forks the product's own commands from one image with everything imported.

It is told on standard input and answers on standard output, a JSON line each: ``{"start": ["brain"], "env": {...},
"log": path}`` answers the process id, ``{"code": pid}`` the exit code (negative: the signal) or null while it runs.
When standard input ends, every process is killed. Not here: who asks (``processes``).
"""

import gc
import json
import os
import signal
import sys
from contextlib import suppress

import entrypoints.commands.serve as commands
from entrypoints.cli import main

assert commands


def live(argv: list[str], env: dict[str, str], log: str) -> None:
    """Be the forked command until its end; never returns."""
    code = 1
    try:
        os.environ.update(env)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in ((0, nothing), (1, handle), (2, handle)):
            os.dup2(file, number)
        # Where no .env of a developer is read.
        os.chdir(os.path.dirname(log))
        gc.enable()
        code = main(argv)
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Answer until standard input ends."""
    codes: dict[int, int | None] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            pid = os.fork()
            if pid == 0:
                live(asked["start"], asked["env"], asked["log"])
            codes[pid] = None
            answer: int | None = pid
        else:
            answer = code_of(asked["code"], codes)
        print(json.dumps(answer), flush=True)
    for pid in [pid for pid in codes if code_of(pid, codes) is None]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def code_of(pid: int, codes: dict[int, int | None]) -> int | None:
    """Return the exit code of a process of ours that has ended, else None."""
    if codes[pid] is None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        codes[pid] = os.waitstatus_to_exitcode(status) if ended else None
    return codes[pid]


if __name__ == "__main__":
    gc.disable()
    gc.freeze()
    serve()
