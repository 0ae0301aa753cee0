"""A gateway alone that takes webhooks, as a process of its own: nobody works off what it takes in.

Not here: what is sent to it (``hostile``, ``wire``).
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from attrs import field, frozen
from prometheus_client.parser import text_string_to_metric_families

from adapters.embedded.files import free_port
from adapters.postgres.roles import role_of
from entrypoints.data_dir import with_login
from entrypoints.web import METRICS_PATH
from tests.acceptance.cluster import password_of
from tests.acceptance.hostile import PREVIOUS, SECRET, get
from tests.acceptance.processes import Nursery, Service
from tests.acceptance.waiting import until
from tests.acceptance.wire import post_update, wire

START_S = 30.0
QUIET = 8
NUMBERS = count(1_000)


@frozen
class Door:
    """Its ports, its database, its log, and its process."""

    public: int
    inside: int
    postgres_url: str
    log: Path
    service: Service = field(repr=False)

    async def refused(self) -> Counter[str]:
        """Return what was refused so far, by reason."""
        async with wire(self.inside) as it:
            await it.send([get(METRICS_PATH)])
            assert await it.answer() == 200
            text = it.bodies[0].decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return Counter({
            s.labels["reason"]: int(s.value) for s in samples if s.name == "openclaw_webhook_refused_total"
        })  # fmt: skip

    async def counts(self, before: Counter[str], expected: Counter[str]) -> None:
        """Wait until exactly what is expected has been counted since."""
        found: Counter[str] = Counter()

        async def counted() -> bool:
            nonlocal found
            found = await self.refused() - before
            return found.total() >= expected.total()

        await until(counted, f"{dict(expected)} to be counted", START_S)
        assert found == expected

    async def quiet(self) -> None:
        """A quiet chat writes, and its update is taken."""
        assert await post_update(self.public, next(NUMBERS), QUIET) == 200

    async def ready(self) -> None:
        """Wait until updates are taken."""

        async def listens() -> bool:
            try:
                return await post_update(self.public, next(NUMBERS), QUIET) == 200
            except OSError:
                return False

        await until(listens, "the gateway to listen", START_S)


@contextmanager
def gateway_alone(nursery: Nursery, postgres_url: str, redis_url: str, folder: Path) -> Iterator[Door]:
    """Lend a gateway on a database whose logins are made."""
    public, inside, log = free_port(), free_port(), folder / "gateway.log"
    settings = {
        "telegram_token": "1000:of-the-tests", "telegram_api_url": f"http://127.0.0.1:{free_port()}",
        "bot_username": "tests_bot", "telegram_mode": "webhook", "access": "open", "log_format": "json",
        "webhook_url": "https://bot.example.org/telegram/webhook", "webhook_secret": SECRET,
        "webhook_secret_previous": PREVIOUS, "webhook_listen": f"127.0.0.1:{public}",
        "health_listen": f"127.0.0.1:{inside}", "redis_url": redis_url,
        "postgres_url": with_login(postgres_url, role_of("gateway"), password_of("gateway")),
    }  # fmt: skip
    env = {f"OPENCLAW_{name.upper()}": text for name, text in settings.items()}
    door = Door(public, inside, postgres_url, log, nursery.start("gateway", ["gateway"], env, log))
    try:
        yield door
    finally:
        door.service.stop()
