"""``status``, ``trace``, ``audit``, ``reminders`` and ``dlq list`` as processes of their own, against a running ``up``
and against given servers."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from entrypoints.cli import main
from entrypoints.exits import Exit
from tests.servers import apart, short_dir
from tests.wiring.installation import WAIT_S, Done, openclaw, settled, up

SECRET_TEXT = "the planted plan for tuesday"
NO_REDIS = "redis://:plantedpassword@127.0.0.1:9/0"
NO_POSTGRES = "postgresql://openclaw:plantedpassword@127.0.0.1:9/openclaw"
# An event that no consumer takes: text where a number must be, and a label that is none of ours.
BROKEN = json.dumps({"event_type": "unheard.of", "payload": {"text": SECRET_TEXT}}).encode()
OWE = """
insert into openclaw.outbox (target, event_id, lane, envelope)
values ('brain', '00000000-0000-4000-8000-000000000001', '1000000001:-1001234567890', $1)
"""
TASK_ID = "0c6f6a3e-3f0e-4b1e-9a55-0d8f6d2f3a11"
HAVE_TASK = """
with made as (
  insert into openclaw.tasks (scope, task_id, number, title, created_by_name, due_at, remind_at, rule)
  values ('1000000001:c-1001234567890', $1, 3, $2, $2, '2098-11-27 09:00Z', '2098-11-27 09:00Z', 'FREQ=DAILY')
  returning scope, task_id
)
insert into openclaw.occasions (task_id, scope, bucket, kept, reason)
select task_id, scope, '2026-11-27 09:00Z', 'ambiguous', 'whether it arrived is unknown' from made
"""

See = Callable[..., Done]


def run_sql(url: str, sql: str, *values: object, until: bool = False) -> object:
    """Run a statement; with ``until`` again and again until it returns something true."""

    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            async with asyncio.timeout(WAIT_S):
                while not (found := await connection.fetchval(sql, *values)) and until:
                    await asyncio.sleep(0.01)
                return found
        finally:
            await connection.close()

    return apart(lambda: asyncio.run(run()))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The data directory of an ``up`` that answered a message and has a dead letter."""
    with short_dir() as path, up(path) as running:
        assert running.ask(SECRET_TEXT) == SECRET_TEXT
        url = EmbeddedPostgres(path).admin_url
        run_sql(url, OWE, BROKEN)
        run_sql(url, "select count(*) from openclaw.dead_letters", until=True)
        run_sql(url, HAVE_TASK, TASK_ID, SECRET_TEXT)
        settled(path)
        yield path


@pytest.fixture(scope="module")
def see(home: Path) -> See:
    """Run a command on that ``up``."""
    return lambda *arguments: openclaw(*arguments, "--data-dir", str(home))


@pytest.fixture(scope="module")
def way(see: See) -> list[dict[str, object]]:
    """The rows of the answered message."""
    done = see("audit", "--json", "--chat", "1")
    assert done.code == Exit.OK, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_the_audit_has_the_way_of_the_message(way: list[dict[str, object]]) -> None:
    assert [(row["consumer"], row["outcome"], row["event_type"]) for row in way] == [
        ("gateway", "accepted", "message.received"),
        ("brain", "processed", "message.received"),
        ("sender", "processed", "telegram.send"),
        ("sender", "accepted", "telegram.delivered"),
    ]


def test_the_audit_as_text_has_a_line_a_row_and_no_colours(see: See, way: list[dict[str, object]]) -> None:
    done = see("audit", "--chat", "1")
    lines = done.out.splitlines()
    assert lines[0].split() == ["TIME", "(UTC)", "CONSUMER", "OUTCOME", "EVENT", "OWNER", "TRACE"]
    assert len(lines) == len(way) + 1
    assert str(way[0]["trace_id"])[:12] in lines[1]
    assert "\x1b" not in done.out
    assert all(len(line) <= 100 for line in lines)


def test_the_filters_of_the_audit_are_combined(see: See, way: list[dict[str, object]]) -> None:
    trace, event = str(way[0]["trace_id"]), str(way[0]["event_id"])
    filters = ["--since", "1h", "--scope", "1000000001:u1", "--trace", trace[:8], "--event", event]
    assert len(see("audit", *filters).out.splitlines()) == 3
    assert len(see("audit", *filters, "--consumer", "brain", "--outcome", "processed").out.splitlines()) == 2
    assert "message.received" in see("audit", "--type", "message.received", "--limit", "1").out
    nothing = see("audit", "--outcome", "redriven", "--since", "1h")
    assert (nothing.code, nothing.err) == (
        Exit.NOTHING, "openclaw: the audit has no row that matches --outcome and --since\n"
    )  # fmt: skip


def test_a_trace_is_found_by_its_id_and_by_the_messages_at_both_ends(
    see: See, home: Path, way: list[dict[str, object]]
) -> None:
    trace = str(way[0]["trace_id"])
    by_id = see("trace", trace)
    assert by_id.code == Exit.OK, by_id.err
    assert by_id.out.splitlines()[0] == f"trace {trace}"
    assert re.fullmatch(r"delivered \S+ ms after the first row", by_id.out.splitlines()[-1])
    sent = run_sql(EmbeddedPostgres(home).admin_url, "select message_id from openclaw.deliveries")
    assert isinstance(sent, int)
    # The simulated Telegram numbers a chat's messages one after the other.
    for name in (trace[:6], f"1/{sent}", f"1/{sent - 1}"):
        assert see("trace", name).out == by_id.out
    found = json.loads(see("trace", "--json", trace).out)
    assert [row["depth"] for row in found["rows"]] == [0, 0, 1, 2]


@pytest.mark.parametrize("message", [("-100123/45",), ("--", "-100123/45")])
def test_a_message_that_nobody_knows_is_told_with_where_it_was_sought(
    home: Path, message: tuple[str, ...]
) -> None:
    done = openclaw("trace", "--data-dir", str(home), *message)
    assert done.code == Exit.NOTHING
    assert done.err == (
        "openclaw: bot 1000000001 neither received nor sent message 45 in chat -100123, as far as the audit and the "
        "ledger of deliveries know\n"
    )
    other = openclaw("trace", *message[-1:], "--bot", "5", "--data-dir", str(home))
    assert other.err.startswith("openclaw: bot 5 neither received")


def test_dead_letters_are_listed_with_every_reason(see: See) -> None:
    done = see("dlq", "list")
    assert done.code == Exit.OK
    head, line, *reasons = done.out.splitlines()
    assert head.split() == ["ID", "TIME", "(UTC)", "TARGET", "EVENT", "CHAT", "TRACE", "ATTEMPTS", "DEATHS"]
    assert "brain   (unreadable)  -1001234567890" in line
    assert "    trace_id: missing" in reasons
    found = json.loads(see("dlq", "list", "--json", "--target", "brain", "--limit", "5").out)
    assert "trace_id: missing" in found["reasons"]
    assert see("dlq", "list", "--target", "sender").out == "no dead letters matching --target\n"


def test_a_task_is_found_by_its_chat_and_number_by_its_owner_and_by_its_id(see: See) -> None:
    by_chat = see("reminders", "-1001234567890/3")
    assert by_chat.code == Exit.OK, by_chat.err
    lines = by_chat.out.splitlines()
    assert lines[0] == "task -1001234567890/3"
    assert "next    2098-11-27 09:00:00.000 UTC" in lines
    assert re.fullmatch(r"2026-11-27 09:00:00.000  ambiguous  20.{21}  not yet", lines[-2])
    assert lines[-1] == "    whether it arrived is unknown"
    assert all(len(line) <= 100 for line in lines)
    for name in ("1000000001:c-1001234567890/3", TASK_ID, TASK_ID.upper()):
        assert see("reminders", name).out == by_chat.out
    found = json.loads(see("reminders", TASK_ID, "--json").out)
    assert (found["task_id"], found["number"], found["rule"]) == (TASK_ID, 3, "FREQ=DAILY")
    assert [(each["kept"], each["told"]) for each in found["occasions"]] == [("ambiguous", False)]
    only = see("reminders", "-1001234567890/3", "--limit", "1")
    assert only.err == "openclaw: only the newest 1 occasions are shown; see --limit\n"


@pytest.mark.parametrize("name", ["-1001234567890/4", "1/3", "1000000001:u1/3", TASK_ID.replace("0", "1")])
def test_a_task_that_nobody_has_is_told(see: See, name: str) -> None:
    done = see("reminders", name)
    assert (done.code, done.out) == (Exit.NOTHING, "")
    assert done.err == "openclaw: there is no such task; people see the numbers of theirs with /tasks\n"


def test_reminders_without_a_task_show_what_is_due_and_what_is_next(see: See) -> None:
    done = see("reminders")
    assert done.code == Exit.OK, done.err
    lines = done.out.splitlines()
    assert lines[:3] == [
        "due now    0", "paused     0", "ambiguous  1, of which their chats are still to be told"
    ]  # fmt: skip
    assert lines[-1] == f"2098-11-27 09:00:00.000  -1001234567890/3  {TASK_ID}"
    found = json.loads(see("reminders", "--json", "--since", "1h").out)
    assert (found["overdue"], found["untold"], found["kept"]["ambiguous"]) == (0, 1, 1)
    assert [each["task_id"] for each in found["next"]] == [TASK_ID]


def test_status_shows_what_runs_and_asks_for_attention(see: See) -> None:
    done = see("status")
    assert done.code == Exit.FAILED
    roles = ["gateway", "brain", "sender", "scheduler"]
    assert [line.split()[0] for line in done.out.splitlines()[3:7]] == roles
    assert done.out.endswith("needs attention:\n  - 1 dead letter; see `openclaw dlq list`\n")
    found = json.loads(see("status", "--json").out)
    assert {service["role"] for service in found["services"]} == set(roles)
    assert [target["target"] for target in found["targets"]] == ["brain", "sender", "sender-bulk"]
    assert found["dead_letters"] == 1


def test_no_output_shows_what_people_wrote_nor_a_secret(see: See, home: Path) -> None:
    everything = ""
    for command in (["status"], ["audit"], ["dlq", "list"], ["reminders"], ["reminders", TASK_ID]):
        for form in ([], ["--json"]):
            done = see(*command, *form)
            everything += done.out + done.err
    secrets = [path.read_text(encoding="utf-8").strip() for path in (home / "secrets").iterdir()]
    assert len(secrets) > 4
    assert [word for word in (SECRET_TEXT, *secrets) if word in everything] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trace", "xyz"), "'xyz' is no trace id (6 to 32 hex digits) and no CHAT/MESSAGE"),
        (("trace", "12345"), "is no trace id"),
        (("trace",), "Missing argument"),
        (("audit", "--trace", "-100/4"), "'-100/4' is no trace id (6 to 32 hex digits)"),
        (("audit", "--outcome", "lost"), "'lost' is not one of 'accepted', 'ignored', 'processed'"),
        (
            ("audit", "--consumer", "poet"),
            "'poet' is not one of 'gateway', 'brain', 'sender', 'scheduler', 'operator'",
        ),
        (("audit", "--type", "x"), "'x' is not one of 'message.received'"),
        (("audit", "--since", "soon"), "'soon' is no time; give 90s, 10m, 2h, 3d or 2026-11-22T16:00:00Z"),
        (("audit", "--event", "5"), "'5' is not a valid UUID"),
        (("audit", "--limit", "0"), "0 is not in the range 1<=x<=100000"),
        (("audit", "--chat", "-100", "--scope", "1:c-100"), "--chat and --scope both name an owner"),
        (
            ("reminders", "3"),
            "'3' is no task's id (a UUID) and no CHAT/NUMBER (such as 42/3 or 7123456789:u42/3)",
        ),
        (("reminders", "-100/x"), "No such option"),
        (
            ("reminders", "1/2", "--since", "1h"),
            "--since counts the occasions of all tasks; with a task give --limit",
        ),
        (("reminders", "--limit", "0"), "0 is not in the range 1<=x<=100000"),
        (("dlq", "list", "--target", "x"), "'x' is not one of 'brain', 'sender', 'sender-bulk'"),
    ],
)
def test_a_wrong_value_is_told_with_the_valid_ones(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    assert main(arguments) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


@pytest.mark.parametrize(
    "command", [("status",), ("trace", "1/2"), ("audit",), ("reminders", "1/2"), ("dlq", "list")]
)
def test_where_nothing_runs_one_sentence_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = openclaw(*command, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (
        Exit.NOTHING,
        "",
        "openclaw: nothing runs in ./data; start it with `openclaw up`, or set OPENCLAW_POSTGRES_URL and "
        "OPENCLAW_REDIS_URL\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_one_url_without_the_other_is_told(tmp_path: Path) -> None:
    done = openclaw("status", cwd=tmp_path, OPENCLAW_POSTGRES_URL=NO_POSTGRES)
    assert done.code == Exit.NOTHING
    assert done.err.startswith("openclaw: OPENCLAW_REDIS_URL is not set, and no `openclaw up` in ./data has")


def test_given_servers_win_and_an_empty_database_is_no_fault(
    database: str, valkey_server: EmbeddedValkey
) -> None:
    urls = {"OPENCLAW_POSTGRES_URL": database, "OPENCLAW_REDIS_URL": valkey_server.admin_url}
    assert openclaw("dlq", "list", **urls).out == "no dead letters\n"
    assert openclaw("dlq", "list", "--json", **urls).out == ""
    nothing = openclaw("trace", "1/2", **urls)
    assert (nothing.code, nothing.err) == (
        Exit.NOTHING, "openclaw: no bot has received a message yet, so nothing can be found of one\n"
    )  # fmt: skip
    assert openclaw("reminders", **urls).out.splitlines()[-1] == "no task reminds"
    empty = openclaw("audit", **urls)
    assert (empty.code, empty.err) == (Exit.NOTHING, "openclaw: the audit has no row yet\n")


def test_without_redis_status_tells_what_postgres_knows(database: str) -> None:
    done = openclaw("status", OPENCLAW_POSTGRES_URL=database, OPENCLAW_REDIS_URL=NO_REDIS)
    assert done.code == Exit.UNREACHABLE
    assert "services: unknown" in done.out
    assert "dead letters: 0" in done.out
    assert "  - Redis at 127.0.0.1:9 cannot be reached (ConnectionError)" in done.out
    assert "planted" not in done.out + done.err


def test_without_postgres_every_command_says_which_server_is_away(valkey_server: EmbeddedValkey) -> None:
    urls = {"OPENCLAW_POSTGRES_URL": NO_POSTGRES, "OPENCLAW_REDIS_URL": valkey_server.admin_url}
    told = "Postgres at 127.0.0.1:9 cannot be reached (ConnectionRefusedError)"
    status = openclaw("status", **urls)
    assert status.code == Exit.UNREACHABLE
    assert f"  - {told}" in status.out
    assert "dead letters: unknown" in status.out
    for command in (
        ("audit",),
        ("trace", "1/2", "--bot", "1"),
        ("reminders", "1/2", "--bot", "1"),
        ("dlq", "list"),
    ):
        done = openclaw(*command, **urls)
        assert (done.code, done.out, done.err) == (Exit.UNREACHABLE, "", f"openclaw: {told}\n")


def test_a_database_that_is_not_ours_is_told(
    postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey
) -> None:
    urls = {
        "OPENCLAW_POSTGRES_URL": postgres_server.admin_url_of("template1"),
        "OPENCLAW_REDIS_URL": valkey_server.admin_url,
    }
    done = openclaw("audit", **urls)
    assert done.code == Exit.FAILED
    assert "is not one that this OpenClaw can read" in done.err
    assert "run `openclaw migrate`" in done.err
