"""The doctor's machinery: checks are independent, bounded and documented, and findings are told safely."""

import json
import threading
from pathlib import Path

import pytest
from attrs import evolve

from adapters.postgres.inspection import parts_of_schema
from entrypoints.doctor.evidence import Answers, Bot, DataFacts, Evidence, MachineFacts, Trouble
from entrypoints.doctor.examination import Machine, examine, in_time
from entrypoints.doctor.table import CHECKS, PAGE, page_text
from entrypoints.doctor.verdicts import (
    Check,
    Finding,
    NotKnown,
    Severity,
    Verdict,
    fault,
    judged,
    ok,
    warning,
)
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret
from entrypoints.views.doctor import doctor_json, doctor_lines
from entrypoints.views.lines import COLUMNS, json_text
from tests.adapters.planted import faults_beyond, faults_here, faults_postgres

ROOM = Machine(disk=lambda _: (10**12, 10**13))
EVIDENCE = Evidence(
    settings=Settings(), setting_faults=(), env_file=None, secret_files=(),
    machine=MachineFacts(0.0, 0, 4096, (10**12, 10**13), "./data"), data=DataFacts("./data"), up_runs=False,
    bot=Bot(None, ""), postgres=Answers("Postgres"), redis=Answers("Redis"), telegram=Answers("Telegram"),
)  # fmt: skip


def of(check: str, **changes: object) -> Finding:
    """Return the one finding of a check on changed evidence."""
    (row,) = [each for each in CHECKS if each.id == check]
    (found,) = judged([row], evolve(EVIDENCE, **changes), lambda text: text)
    return found


def make(judge: object) -> Check[None]:
    return Check("a.b", "looks", "names", "the row's remedy", judge)


def test_the_page_lists_every_check_as_the_code_has_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_text(page), "run `python -m entrypoints.doctor.table`"


def test_ids_are_unique_and_every_check_says_what_it_looks_at_and_what_to_do() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    for check in CHECKS:
        group, _, name = check.id.partition(".")
        assert group.isidentifier(), check.id
        assert name.isidentifier(), check.id
        assert all((check.looks_at, check.names, check.remedy)), check.id


def test_every_check_has_a_planted_fault() -> None:
    planted = {each.check for each in (*faults_here.FAULTS, *faults_postgres.FAULTS, *faults_beyond.FAULTS)}
    assert planted == {check.id for check in CHECKS}


def test_a_check_that_fails_itself_hides_no_other() -> None:
    def broken(_: None) -> Verdict:
        raise KeyError("planted")

    first, second = judged([make(broken), make(lambda _: ok("well"))], None, lambda text: text)
    assert (first.severity, first.found) == (Severity.WARNING, "the check itself failed (KeyError)")
    assert second.severity is Severity.OK


def test_what_is_not_known_is_not_checked_and_says_why() -> None:
    def unknown(_: None) -> Verdict:
        raise NotKnown("nobody tells")

    (found,) = judged([make(unknown)], None, lambda text: text)
    assert (found.severity, found.found, found.remedy) == (Severity.NOT_CHECKED, "nobody tells", "")


def test_a_verdict_without_a_remedy_has_that_of_its_check_and_a_good_one_has_none() -> None:
    checks = [make(lambda _: (fault("bad"), warning("poor", "its own"), ok("well")))]
    assert [each.remedy for each in judged(checks, None, lambda text: text)] == [
        "the row's remedy",
        "its own",
        "",
    ]


def test_secrets_are_hidden_in_what_is_found_and_in_the_remedy() -> None:
    checks = [make(lambda _: fault("the word planted", "say planted"))]
    (found,) = judged(checks, None, lambda text: text.replace("planted", "[hidden]"))
    assert (found.found, found.remedy) == ("the word [hidden]", "say [hidden]")


def test_a_transaction_that_is_open_for_long_is_told_where_the_server_tells_its_age() -> None:
    row = {"pid": 7, "user": "app", "application": "psql", "transactions": 3, "lasts_s": 900.0}
    found = of("postgres.oldest_xmin", postgres=Answers("Postgres", known={"snapshots": [row]}))
    assert found.severity is Severity.WARNING
    assert found.found == "process 7 of app (psql) has held a transaction open for 900 s, so dead rows stay"
    young = of(
        "postgres.oldest_xmin", postgres=Answers("Postgres", known={"snapshots": [row | {"lasts_s": 2.0}]})
    )
    assert young.severity is Severity.OK


@pytest.mark.parametrize("kind", ["hangs", "loading", "starting", "tls", "never heard of"])
def test_a_server_that_cannot_be_asked_is_a_fault_with_a_remedy_whatever_the_reason(kind: str) -> None:
    away = Answers("the server at x", trouble=Trouble(kind, "SomeError"))
    for name in ("postgres", "redis", "telegram"):
        found = of(f"{name}.reachable", **{name: away})
        assert found.severity is Severity.FAULT
        assert "SomeError" in found.found
        assert found.remedy
        others = [
            each for each in CHECKS if each.group == name and each.id not in (found.check, "telegram.token")
        ]
        assert {each.severity for each in judged(others, evolve(EVIDENCE, **{name: away}), str)} <= {
            Severity.NOT_CHECKED, Severity.OK,
        }  # fmt: skip


def test_redis_open_to_a_network_is_a_fault() -> None:
    settings = Settings(redis_url=Secret("redis://redis.example.org:6379/0"))
    found = of("redis.password", settings=settings, redis=Answers("Redis", known={"user": "default"}))
    assert (found.severity, "requirepass" in found.remedy) == (Severity.FAULT, True)


def test_before_anything_was_started_the_doctor_says_so_and_finds_no_fault(tmp_path: Path) -> None:
    findings = examine(environ={}, folder=tmp_path, machine=ROOM)
    assert [each.check for each in findings if each.severity is Severity.FAULT] == []
    assert [each.check for each in findings if each.severity is Severity.WARNING] == ["telegram.token"]
    reasons = {each.check: each.found for each in findings if each.severity is Severity.NOT_CHECKED}
    assert reasons["data.access"] == "there is no ./data yet; `openclaw up` makes it"
    assert reasons["postgres.fsync"].startswith("nothing runs in ./data; start it with `openclaw up`")
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_that_hangs_is_given_up() -> None:
    stop = threading.Event()
    try:
        assert await in_time(lambda: stop.wait(60), 0.01) is None
    finally:
        stop.set()
    assert await in_time(lambda: 7, 5) == 7

    def refuse() -> int:
        raise PermissionError

    assert await in_time(refuse, 5) is None


# What is printed


FOUND = (
    Finding("redis.maxmemory_policy", Severity.FAULT, "maxmemory-policy is allkeys-lru, which throws events away when "
            "memory runs out", "redis-cli config set maxmemory-policy noeviction"),
    Finding("events.dead_letters", Severity.WARNING, "3 events could not be handled", "openclaw dlq list"),
    Finding("postgres.fsync", Severity.NOT_CHECKED, "nothing runs", ""),
    Finding("postgres.schema", Severity.NOT_CHECKED, "nothing runs", ""),
    Finding("settings.values", Severity.OK, "nothing is wrong with it", ""),
)  # fmt: skip


def test_faults_and_warnings_are_told_with_their_remedies_and_the_rest_is_counted() -> None:
    assert "\n".join(doctor_lines(FOUND, everything=False)) == (
        "FAULT  redis.maxmemory_policy\n"
        "    maxmemory-policy is allkeys-lru, which throws events away when memory runs out\n"
        "    -> redis-cli config set maxmemory-policy noeviction\n"
        "\n"
        "WARNING  events.dead_letters\n"
        "    3 events could not be handled\n"
        "    -> openclaw dlq list\n"
        "\n"
        "NOT CHECKED\n"
        "    2 checks not made: nothing runs\n"
        "\n"
        "1 fault, 1 warning, 1 fine, 2 not checked"
    )


def test_every_check_is_told_on_demand() -> None:
    lines = doctor_lines(FOUND, everything=True)
    assert [line.split()[-1] for line in lines if line and not line.startswith(" ")][:-1] == [
        each.check for each in FOUND
    ]


def test_the_document_has_every_finding_in_a_stable_shape() -> None:
    found = json.loads(json_text(doctor_json(FOUND, "0.1.0")))
    assert list(found) == ["shape", "version", "healthy", "counts", "findings"]
    assert (found["shape"], found["healthy"]) == (1, False)
    assert found["counts"] == {"fault": 1, "warning": 1, "not_checked": 2, "ok": 1}
    assert found["findings"][1] == {
        "check": "events.dead_letters", "severity": "warning", "found": "3 events could not be handled",
        "remedy": "openclaw dlq list",
    }  # fmt: skip
    assert found["findings"][-1]["remedy"] is None
    assert json.loads(json_text(doctor_json(FOUND[1:], "0.1.0")))["healthy"] is True


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    lines = doctor_lines(
        [Finding("a.b", Severity.FAULT, "x\x1b[2J" + " word" * 60, "do\x1b")], everything=False
    )
    assert "\x1b" not in "".join(lines)
    assert all(len(line) <= COLUMNS for line in lines)


# What should be there


def test_the_parts_of_a_schema_are_read_from_the_dump() -> None:
    dump = """
CREATE TABLE openclaw.a (
CREATE FUNCTION openclaw.f(x text) RETURNS void
ALTER TABLE ONLY openclaw.a
    ADD CONSTRAINT a_pkey PRIMARY KEY (x);
CREATE UNIQUE INDEX a_x ON openclaw.a USING btree (x);
CREATE TRIGGER t BEFORE DELETE OR UPDATE ON openclaw.a FOR EACH ROW EXECUTE FUNCTION openclaw.f();
CREATE POLICY p ON openclaw.a FOR SELECT TO openclaw_brain USING (true);
ALTER TABLE openclaw.a ENABLE ROW LEVEL SECURITY;
ALTER TABLE ONLY openclaw.a FORCE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA openclaw TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.f(x text) TO openclaw_brain;
GRANT SELECT,INSERT ON TABLE openclaw.a TO openclaw_brain;
GRANT UPDATE(x) ON TABLE openclaw.a TO openclaw_brain;
"""
    assert parts_of_schema(dump) == {
        "table a", "function f", "index a_pkey", "index a_x", "trigger t on a", "policy p on a", "row security on a",
        "forced row security on a", "USAGE on schema openclaw to openclaw_brain",
        "EXECUTE on function f to openclaw_brain", "SELECT on table a to openclaw_brain",
        "INSERT on table a to openclaw_brain", "UPDATE on column a.x to openclaw_brain",
    }  # fmt: skip
