"""The machines by name, each with the servers that it needs.

Not here: how long they run (``__main__``, ``test_twins``).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from tests.servers import Databases, running, short_dir
from tests.twins.agenda_machine import AgendaMachine
from tests.twins.redis_machine import RedisMachine, RedisStage
from tests.twins.sides import Machine, Sides
from tests.twins.stage import Stage
from tests.twins.store_machine import StoreMachine
from tests.twins.streams_machine import StreamsMachine, StreamsStage
from tests.twins.telegram_machine import TelegramMachine, TelegramStage


@contextmanager
def beside_postgres(machine: type[Machine]) -> Iterator[type[Machine]]:
    """Lend a machine that has a database of its own."""
    with (
        short_dir() as path,
        running(EmbeddedPostgres(path)) as server,
        Databases(server).fresh() as url,
        on(machine, Stage(url)) as made,
    ):
        yield made


@contextmanager
def beside_valkey(machine: type[Machine], stage: Callable[[str], Sides]) -> Iterator[type[Machine]]:
    """Lend a machine that has a Valkey of its own."""
    with (
        short_dir() as path,
        running(EmbeddedValkey(path)) as server,
        on(machine, stage(server.admin_url)) as made,
    ):
        yield made


@contextmanager
def on(machine: type[Machine], stage: Sides) -> Iterator[type[Machine]]:
    """Lend a machine on a stage, which ends with it."""
    try:
        yield type(machine.__name__, (machine,), {"stage": stage, "seen": stage.seen})
    finally:
        stage.end()


MACHINES: dict[str, Callable[[], AbstractContextManager[type[Machine]]]] = {
    "agenda": lambda: beside_postgres(AgendaMachine),
    "redis": lambda: beside_valkey(RedisMachine, RedisStage),
    "store": lambda: beside_postgres(StoreMachine),
    "streams": lambda: beside_valkey(StreamsMachine, StreamsStage),
    "telegram": lambda: on(TelegramMachine, TelegramStage()),
}
