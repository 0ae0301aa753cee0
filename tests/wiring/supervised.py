"""A program under the supervisor, for ``test_supervisor``: tells on standard output what happens, a JSON line each.

Arguments: the bound for stopping in seconds, the directory of a Valkey or ``-``, then the roles by name.
"""

import json
import os
import signal
import sys
from pathlib import Path

from attrs import asdict

from adapters.embedded.valkey import EmbeddedValkey
from domain.errors import OpenClawError
from entrypoints.supervisor import RestartPolicy, RoleProcess, Supervisor


def tell(**what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def obedient() -> int:
    """End on SIGTERM, telling how many signals came."""
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    tell(role="obedient", stdin=os.fstat(0).st_rdev == os.stat(os.devnull).st_rdev)
    came = signal.sigwait(signals)
    tell(role="obedient", came=came.name, more=sorted(s.name for s in signal.sigpending()))
    return 0


def stubborn() -> int:
    """Never end by itself."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(role="stubborn")
    while True:
        signal.pause()


def plain() -> int:
    """Keep the handlers it was given."""
    tell(role="plain", int_ignored=signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
    signal.pause()
    return 0


def raising() -> int:
    raise RuntimeError("the role broke")


def exiting() -> int:
    raise SystemExit(5)


def chat() -> int:
    """Read standard input to its end, as the terminal chat does."""
    tell(role="chat", lines=len(sys.stdin.read().splitlines()))
    return 7


def main() -> int:
    stop_s, directory, *names = sys.argv[1:]
    servers = [] if directory == "-" else [EmbeddedValkey(Path(directory))]
    roles = [RoleProcess(name, globals()[name], foreground=name == "chat") for name in names]
    supervisor = Supervisor(
        roles,
        servers=servers,
        on_event=lambda event: tell(**asdict(event)),
        policy=RestartPolicy(first_s=0.01, max_s=0.05),
        stop_s=float(stop_s),
    )
    try:
        supervisor.start()
    except OpenClawError:
        return 9
    return supervisor.wait()


if __name__ == "__main__":
    sys.exit(main())
