"""Secrets and people's texts, planted wherever an installation may come by them, are found where they belong only.

One real ``openclaw up`` lives through everything that brings them near a log: people, hostile requests, what Telegram
and proxies answer, a killed role. Then everything that it wrote, and everything that the operator's commands say of
it, is searched. Not here: single functions (``test_redaction``).
"""

import asyncio
import gzip
import socket
from collections.abc import Iterator
from contextlib import suppress

import httpx
import psutil

from adapters.botworld import Fault, FaultKind
from adapters.embedded.files import free_port
from entrypoints.web import WEBHOOK_PATH
from tests.acceptance.waiting import until
from tests.security.estate import SOMEBODY, TOKEN, WAIT_S, House, Talk, house_in
from tests.servers import short_dir
from tests.wiring.test_metrics import free_row

STRANGER, GROUP = 515151, -1_005_550_001
WEBHOOK_SECRET, PREVIOUS = "planted-secret-of-the-webhook", "planted-secret-before-that"
FOREIGN = {
    "the token of another bot": "6123456780:AAGplantedplantedplantedplantedfor",
    "a wrong webhook secret": "planted-by-a-guesser",
    "a password of a proxy": "planted-proxy-word",
}
# What people wrote or are called. Names of whoever asks to be let in are kept in openclaw.access, for the admins.
TEXTS = ("what Ada wrote", "what a stranger wrote", "what a group wrote", "what was in a bad body")
NAMES = ("Adaplanted", "Strangerplanted", "Titleplanted")
ROLES = ("gateway", "brain", "sender")
# Everything in the database as text, but for what people wrote, which belongs into these envelopes.
TABLES = "select tablename from pg_tables where schemaname = 'openclaw' and tablename !~ '^audit_'"
ENVELOPES = ("outbox", "dead_letters")
COMMANDS = {
    "status": ("status",), "audit": ("audit", "--json"), "list of letters": ("dlq", "list"),
    "doctor": ("doctor", "--json"), "list of access": ("access", "list"), "backup": ("backup", "planted.backup"),
}  # fmt: skip


def is_python(process: psutil.Process) -> bool:
    """Tell whether a process is one of ours and no server."""
    return process.name().startswith("python")


async def people(house: House, talk: Talk) -> None:
    """Let people write who are let in, who are not, and who write what nobody expects."""
    world = house.simulator.world
    world.add_user(SOMEBODY, NAMES[0], "ada")
    world.add_user(STRANGER, NAMES[1])
    world.add_group(GROUP, NAMES[2])
    await talk.ask(TEXTS[0])
    await talk.ask(f"{TEXTS[0]} with the token {FOREIGN['the token of another bot']} in it")
    world.say(STRANGER, STRANGER, TEXTS[1])
    world.say(GROUP, STRANGER, f"@openclaw_bot {TEXTS[2]}")
    for chat, count in ((STRANGER, 1), (GROUP, 1)):
        await until(
            lambda chat=chat, count=count: len(world.record.of_chat(chat)) >= count,
            f"a code for {chat}",
            WAIT_S,
        )
    world.say(SOMEBODY, SOMEBODY, f"/api {TEXTS[0]}")
    await until(lambda: len(talk.answers()) > len(talk.said), "the list of modes", WAIT_S)
    talk.said.append(talk.answers()[-1])


async def telegram_and_what_is_before_it(house: House, talk: Talk) -> None:
    """Let calls be answered with texts that quote the request, its URL and passwords of proxies."""
    quoted = (
        f'Bad Request: no such thing as "{TEXTS[0]}" for /bot{TOKEN}/sendMessage '
        f"by https://user:{FOREIGN['a password of a proxy']}@proxy"
    )
    faults = house.simulator.world.faults
    faults.add(Fault(FaultKind.REFUSE, "sendMessage", SOMEBODY, code=400, description=quoted))
    talk.simulator.world.say(SOMEBODY, SOMEBODY, f"{TEXTS[0]}, refused")
    async with house.database() as session:

        async def buried() -> bool:
            return bool(await session.fetchval("select count(*) from openclaw.dead_letters"))

        await until(buried, "a dead letter", WAIT_S)
    faults.add(Fault(FaultKind.REFUSE, "sendMessage", SOMEBODY, code=500, description=quoted))
    faults.add(Fault(FaultKind.GATEWAY, "sendMessage", SOMEBODY, code=502))
    await talk.ask(f"{TEXTS[0]}, at the third attempt")


async def hostile_requests(house: House, url: str, port: int) -> None:
    """Send the webhook what a guesser, a broken proxy and a curious reader send."""
    right = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET}
    wrong = {"X-Telegram-Bot-Api-Secret-Token": FOREIGN["a wrong webhook secret"]}
    bad = TEXTS[3]
    async with httpx.AsyncClient() as client:
        for headers, body in (
            (wrong, f'{{"update_id": 1, "message": "{bad}"}}'), ({}, bad), (right, bad), (right, f'["{bad}"]'),
            (right, f'{{"update_id": "{bad}"}}'), (right, f'{{"update_id": 7, "message": {{"text": "{bad}"}}}}'),
            (right, f'{{"update_id": 8, "{bad}": {{}}}}'), (right, bad.encode() + b"\xff\xfe"),
        ):  # fmt: skip
            typed = {"content-type": "application/json"} | headers
            assert (await client.post(url, content=body, headers=typed)).status_code in (200, 400, 401)
        for path in (f"/bot{TOKEN}/getMe", f"/{bad}?secret={WEBHOOK_SECRET}", "/metrics"):
            assert (await client.get(f"http://127.0.0.1:{port}{path}")).status_code == 404

    def raw() -> None:
        with socket.create_connection(("127.0.0.1", port), WAIT_S) as odd:
            odd.sendall(f"{bad} /bot{TOKEN} HTTP/9.9\r\nauthorization: {WEBHOOK_SECRET}\r\n\r\n".encode())
            odd.shutdown(socket.SHUT_WR)
            while odd.recv(4096):
                pass

    await asyncio.to_thread(raw)


async def a_role_dies(house: House, talk: Talk) -> None:
    """Kill a role, whose end the supervisor tells of, and let it come back."""
    supervisor, *children = house.family()
    roles = [each for each in children if each.ppid() == supervisor.pid and is_python(each)]
    await house.settled()
    roles[ROLES.index("brain")].kill()
    await until(lambda: "runs again" in house.log.read_text("utf-8"), "the role to come back", WAIT_S)
    await talk.ask(f"{TEXTS[0]}, after that")


async def everything_told(house: House, first: int) -> dict[str, str]:
    """Return all that was written and all that may be asked, by the name of the place."""
    found: dict[str, str] = {}
    names = list(COMMANDS)
    for name, done in zip(
        names, await asyncio.gather(*(house.openclaw(*COMMANDS[name]) for name in names)), strict=True
    ):
        found[f"openclaw {name}"] = done.out + done.err
        assert done.out + done.err, name
    more = [
        ("dlq", "show", "1"),
        ("trace", f"{SOMEBODY}/1", "--json"),
        ("--debug", "dlq", "show", "no such letter"),
    ]
    for arguments, done in zip(
        more, await asyncio.gather(*(house.openclaw(*each) for each in more)), strict=True
    ):
        found[f"openclaw {arguments}"] = done.out + done.err
    async with httpx.AsyncClient() as client:
        for number, role in enumerate(ROLES):
            for path in ("/metrics", "/readyz", "/healthz"):
                answer = await client.get(f"http://127.0.0.1:{first + number}{path}")
                found[f"{role}{path}"] = answer.text + str(answer.headers)
    async with house.database() as session:
        for (table,) in await session.fetch(TABLES):
            hidden = "- 'envelope'" if table in ENVELOPES else ""
            rows = await session.fetch(f"select (to_jsonb(t) {hidden})::text from openclaw.{table} t")
            found[f"table {table}"] = "\n".join(row[0] for row in rows)
    for process in house.family():
        # Some of a server's helpers come and go by themselves.
        with suppress(psutil.NoSuchProcess):
            found[f"command line of {process.pid}"] = " ".join([process.name(), *process.cmdline()])
            if not is_python(process):
                found[f"environment of {process.pid} {process.name()}"] = str(process.environ())
    return found | dict(files_of(house))


def files_of(house: House) -> Iterator[tuple[str, str]]:
    """Yield what stands in the files of the folder, but where secrets or data belong."""
    for path in house.folder.rglob("*"):
        name = str(path.relative_to(house.folder))
        belongs = (
            ".env",
            "data/secrets/",
            "data/postgres/cluster/",
            "data/valkey/appendonlydir/",
            "data/valkey/valkey.conf",
        )
        if path.is_file() and not path.is_symlink() and not name.startswith(belongs):
            content = path.read_bytes()
            yield (
                name,
                (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode(
                    "utf-8", "replace"
                ),
            )


async def test_what_was_planted_is_found_where_it_belongs_and_nowhere_else() -> None:
    port, first = free_port(), free_row()
    url = f"http://127.0.0.1:{port}{WEBHOOK_PATH}"
    lines = {
        "TELEGRAM_MODE": "webhook", "WEBHOOK_URL": url, "WEBHOOK_LISTEN": f"127.0.0.1:{port}", "LOG_LEVEL": "debug",
        "WEBHOOK_SECRET": WEBHOOK_SECRET, "WEBHOOK_SECRET_PREVIOUS": PREVIOUS,
        "HEALTH_LISTEN": f"127.0.0.1:{first}",
    }  # fmt: skip
    with short_dir() as folder:
        async with house_in(folder, **lines) as house:
            talk = Talk(house.simulator)
            await house.start()
            await people(house, talk)
            await telegram_and_what_is_before_it(house, talk)
            await hostile_requests(house, url, port)
            await a_role_dies(house, talk)
            await house.settled()
            told = await everything_told(house, first)
            await house.stop()
            told |= dict(files_of(house))
            kept = {path.name: path.read_text("utf-8").strip() for path in (house.data / "secrets").iterdir()}
    assert {"up.log", "data/run.json", "data/postgres/postgres.log", "data/valkey/valkey.log"} <= told.keys()
    # What was planted did come by.
    for place in ("openclaw list of letters", "openclaw audit", "table dead_letters", "up.log"):
        assert "Bad Request: no such thing" in told[place], place
    secrets = {
        "token": TOKEN,
        "its secret part": TOKEN.partition(":")[2],
        "webhook": WEBHOOK_SECRET,
        "before": PREVIOUS,
    }
    leaks = [
        (what, place)
        for what, text in (secrets | kept | FOREIGN).items()
        for place in told
        if text in told[place]
    ]
    backup = "planted.backup"
    # The token of another bot is part of what somebody wrote; the answer to it was delivered.
    assert leaks == []
    assert [
        (text, place) for text in TEXTS for place in told if text in told[place] and place != backup
    ] == []
    allowed = {backup, "table access", "openclaw list of access"}
    assert {place for name in NAMES for place in told if name in told[place]} <= allowed
