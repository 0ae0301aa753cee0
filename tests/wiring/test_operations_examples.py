"""What docs/OPERATIONS.md hands out: units of systemd and configurations of proxies, held against the program itself.

Not here: whether systemd, nginx and Caddy take them, which needs these programs; the compose files (``test_compose``).
"""

import ipaddress
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.asgi.limits import BODY_BYTES_MAX, Limits
from adapters.embedded import postgres, valkey
from entrypoints.cli import COMMANDS
from entrypoints.doctor.machine import OTHER_FILES
from entrypoints.exits import Exit
from entrypoints.provision import Places, Secrets, provision
from entrypoints.roles import ROLES
from entrypoints.settings import FIELDS, SECRETS, Settings, load_settings
from entrypoints.settings_source import ENV_FILE, FILE_SUFFIX, variable
from entrypoints.web import WEBHOOK_PATH
from tests.wiring.composed import ROOT, SERVICES

UNITS = ROOT / "deploy" / "systemd"
PAGES = [ROOT / "docs" / name for name in ("OPERATIONS.md", "DEPLOYMENT.md")]
CHECKOUT, CONFIGURATION, DATA = "/opt/openclaw", "/etc/openclaw", "/var/lib/openclaw"
VARIABLES = frozenset(
    {variable(each.name) for each in FIELDS}
    | {variable(name) + FILE_SUFFIX for name in SECRETS}
    | {ENV_FILE, "OPENCLAW_PYTHON"}
)
NAMES = frozenset(row.name for row in COMMANDS)
# What `up` allows its roles beyond the setting (``entrypoints.up``).
MORE_S = 5.0
HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictNamespaces": "yes", "UMask": "0077",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
}  # fmt: skip


# Reading the files


def directives(*files: Path) -> Iterator[tuple[str, str]]:
    """Return the lines ``Name=value`` of a unit and its drop-ins, in their order."""
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if "=" in line and not line.startswith(("#", ";")):
                name, _, value = line.partition("=")
                yield name, value


def unit(name: str) -> Mapping[str, str]:
    """Return the directives of a unit that stand in it once; several of one name do not count."""
    lines = list(directives(UNITS / name))
    return {key: value for key, value in lines if [each for each, _ in lines].count(key) == 1}


def environment(role: str) -> dict[str, str]:
    """Return the variables that systemd gives a role's service, drop-ins included."""
    files = [UNITS / "openclaw@.service", *sorted((UNITS / f"openclaw@{role}.service.d").glob("*.conf"))]
    lines = [value for name, value in directives(*files) if name == "Environment"]
    return dict(line.replace("%i", role).split("=", 1) for line in lines)


Block = list[tuple[list[str], Any]]


def blocks(text: str) -> Block:
    """Return directives as their words with their block, None without one, in the form that nginx and Caddy share."""
    words: list[str] = []
    stack: list[Block] = [[]]
    for token in re.findall(r"[{};]|[^\s{};]+", text):
        if token == ";":
            stack[-1] += [(words, None)] if words else []
            words = []
        elif token == "{":
            inner: Block = []
            stack[-1].append((words, inner))
            stack.append(inner)
            words = []
        elif token == "}":
            assert not words
            stack.pop()
        else:
            words.append(token)
    assert len(stack) == 1
    return stack[0]


def nginx() -> Block:
    return blocks(re.sub(r"#.*", "", (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")))


def caddy() -> Block:
    text = re.sub(
        r"^\s*#.*$", "", (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return blocks(re.sub(r"(?<=[^{}\s])[ \t]*\n", ";\n", text))


def found(block: Block, *words: str) -> Any:
    """Return what follows the words of the one directive that begins with them: its block, or its other words."""
    ((line, inner),) = [each for each in block if each[0][: len(words)] == list(words)]
    return inner if inner is not None else line[len(words) :]


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text.removesuffix("s"))


# Units of systemd


@pytest.mark.parametrize("name", ["openclaw.service", "openclaw@.service", "openclaw-backup.service"])
def test_a_unit_runs_a_command_that_there_is_with_settings_that_there_are(name: str) -> None:
    commands = [value for key, value in directives(UNITS / name) if key == "ExecStart"]
    for role in ROLES:
        for command in commands:
            program, subcommand = re.findall(rf"({CHECKOUT}/\S+) (\S+)", command.replace("%i", role))[0]
            assert (ROOT / Path(program).relative_to(CHECKOUT)).stat().st_mode & 0o111
            assert subcommand in NAMES
    given = [value.partition("=")[0] for key, value in directives(UNITS / name) if key == "Environment"]
    assert given
    assert set(given) <= VARIABLES


@pytest.mark.parametrize("name", ["openclaw.service", "openclaw@.service", "openclaw-backup.service"])
def test_a_unit_can_do_no_more_than_it_must(name: str) -> None:
    row = unit(name)
    assert {key: row[key] for key in HARDENED} == HARDENED
    assert row["User"] == row["Group"] != "root"


def test_the_unit_of_up_may_take_as_long_to_stop_as_everything_in_it_may() -> None:
    servers_s = sum(bound for steps in (postgres.STOP_STEPS, valkey.STOP_STEPS) for _, bound in steps)
    row = unit("openclaw.service")
    assert float(row["TimeoutStopSec"]) > Settings().stop_timeout_s + MORE_S + servers_s
    # Its servers must outlive its roles, so nobody but `up` may tell them to stop.
    assert row["KillMode"] == "mixed"
    assert row["OOMPolicy"] == "continue"


def test_the_unit_of_a_role_may_take_as_long_to_stop_as_the_role_may() -> None:
    assert float(unit("openclaw@.service")["TimeoutStopSec"]) > Settings().stop_timeout_s


@pytest.mark.parametrize("name", ["openclaw.service", "openclaw@.service"])
def test_what_trying_again_does_not_mend_is_not_tried_again_and_the_rest_is(name: str) -> None:
    row = unit(name)
    assert (row["Restart"], row["StartLimitIntervalSec"]) == ("on-failure", "0")
    assert {int(code) for code in row["RestartPreventExitStatus"].split()} == {Exit.USAGE, Exit.SETTINGS}
    # Nothing here tells systemd that it lives; each role watches itself.
    assert row["Type"] == "exec"
    assert "WatchdogSec" not in row


@pytest.mark.parametrize("name", ["openclaw.service", "openclaw@.service"])
def test_a_unit_may_open_as_many_files_as_a_role_needs(name: str) -> None:
    settings, limits = Settings(), Limits()
    pools = settings.sender_concurrency + settings.postgres_pool_max + settings.redis_pool_max
    assert int(unit(name)["LimitNOFILE"]) >= OTHER_FILES + pools + limits.connections_max


def test_the_settings_of_the_service_are_right_and_its_data_lies_where_it_may_write(tmp_path: Path) -> None:
    text = (UNITS / "settings.env").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(text)
    assert str(load_settings({}, tmp_path).data_dir) == DATA
    for name in ("openclaw.service", "openclaw-backup.service"):
        assert f"/var/lib/{unit(name)['StateDirectory']}" == unit(name)["WorkingDirectory"] == DATA
    # Every line that is to be uncommented names a setting.
    assert set(re.findall(r"^#(OPENCLAW_\w+)=", text, re.MULTILINE)) <= VARIABLES


def test_commands_by_hand_are_of_the_same_user_and_settings_as_the_service() -> None:
    script = UNITS / "openclaw"
    assert script.stat().st_mode & 0o111
    words = shlex.split(script.read_text(encoding="utf-8").splitlines()[-1].replace('"$@"', "status"))
    service = unit("openclaw.service")
    assert words[:3] == ["exec", "runuser", "-u"]
    assert words[3] == service["User"]
    assert service["Environment"] in words
    assert words[-2:] == [service["ExecStart"].removesuffix(" up"), "status"]


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_finds_what_it_needs_where_provision_puts_it(role: str, tmp_path: Path) -> None:
    provision(Secrets(tmp_path), Places("db:5432", "cache:6379", "http://telegram:8081"), None)
    given = {name: path.replace(CONFIGURATION, str(tmp_path)) for name, path in environment(role).items()}
    assert all(path.startswith(str(tmp_path / role)) for path in given.values())
    load_settings(given, tmp_path, ROLES[role].required)
    assert (variable("webhook_secret") + FILE_SUFFIX in given) == (role == "gateway")


def test_backups_are_made_where_the_unit_may_write_and_only_theirs_are_deleted() -> None:
    row = unit("openclaw-backup.service")
    (folder,) = row["ReadWritePaths"].split()
    assert row["ExecStart"].count(f"{folder}/openclaw-") == 1
    assert re.fullmatch(
        rf"/usr/bin/find {folder} -name openclaw-\*\.backup -mtime \+\d+ -delete", row["ExecStartPost"]
    )
    # One that was missed is made up for.
    assert unit("openclaw-backup.timer")["Persistent"] == "yes"


# Proxies


def test_nginx_lets_the_webhook_through_and_nothing_else() -> None:
    server = found(nginx(), "server")
    locations = {tuple(words[1:]): inner for words, inner in server if words[0] == "location"}
    assert locations.keys() == {("=", WEBHOOK_PATH), ("/",)}
    assert locations["/",] == [(["return", "404"], None)]
    (upstream,) = found(locations["=", WEBHOOK_PATH], "proxy_pass")
    assert found(found(nginx(), "upstream", upstream.removeprefix("http://")), "server") == [
        str(Settings().webhook_listen)
    ]


def test_nginx_bounds_bodies_and_time_as_the_gateway_does() -> None:
    server, limits = found(nginx(), "server"), Limits()
    assert found(server, "client_max_body_size") == [f"{BODY_BYTES_MAX >> 20}m"]
    assert seconds(found(server, "client_header_timeout")[0]) <= limits.head_s
    location = found(server, "location", "=")
    assert seconds(found(location, "proxy_read_timeout")[0]) >= limits.body_s
    idle_s = seconds(found(found(nginx(), "upstream"), "keepalive_timeout")[0])
    assert idle_s < limits.keep_alive_s


def test_caddy_lets_the_webhook_through_and_nothing_else() -> None:
    site = found(caddy(), "bot.example.org")
    assert found(found(site, "@webhook"), "path") == [WEBHOOK_PATH]
    handlers = {tuple(words[1:]): inner for words, inner in site if words[0] == "handle"}
    assert handlers.keys() == {("@webhook",), ()}
    assert handlers[()] == [(["respond", "404"], None)]
    assert [words[0] for words, _ in handlers["@webhook",]] == ["request_body", "reverse_proxy"]
    assert found(handlers["@webhook",], "reverse_proxy", str(Settings().webhook_listen))


def test_caddy_bounds_bodies_and_time_as_the_gateway_does() -> None:
    limits = Limits()
    ((_, options),) = [each for each in caddy() if each[0] == []]
    timeouts = found(found(options, "servers"), "timeouts")
    assert seconds(found(timeouts, "read_header")[0]) <= limits.head_s
    assert seconds(found(timeouts, "read_body")[0]) <= limits.body_s
    webhook = found(found(caddy(), "bot.example.org"), "handle", "@webhook")
    assert found(found(webhook, "request_body"), "max_size") == [f"{BODY_BYTES_MAX >> 20}MiB"]
    transport = found(found(webhook, "reverse_proxy"), "transport", "http")
    assert seconds(found(transport, "response_header_timeout")[0]) >= limits.body_s
    assert seconds(found(transport, "keepalive")[0]) < limits.keep_alive_s


def test_telegrams_networks_are_the_same_wherever_they_are_named() -> None:
    files = (ROOT / "deploy" / "nginx.conf", ROOT / "deploy" / "Caddyfile", PAGES[0])
    named = [
        {
            ipaddress.ip_network(each)
            for each in re.findall(r"\d+\.\d+\.\d+\.\d+/\d+", file.read_text("utf-8"))
        }
        for file in files
    ]
    assert named[0]
    assert named[0] == named[1] == named[2]


# The pages


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_names_only_commands_settings_and_services_that_there_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"`[^`\n]+`|^```.*?^```", text, re.MULTILINE | re.DOTALL))
    typed = set(
        re.findall(
            r"(?:^|`|\$ |sudo |\./|exec \w+ |/opt/openclaw/)openclaw ([a-z][a-z-]*)", code, re.MULTILINE
        )
    )
    assert typed
    assert typed <= NAMES
    assert set(re.findall(r"\b(OPENCLAW_[A-Z_]+[A-Z])\b", text)) <= VARIABLES
    services = re.findall(r"docker compose (?:run|exec)(?: --?\w+)* ([a-z]+)", code)
    assert services
    assert set(services) <= set(SERVICES)


def test_the_page_says_how_long_a_stuck_role_lives_and_what_each_service_takes() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert f"stands still for `{variable('stuck_s')}`" in text
    measured = set(re.findall(r"^\| `(\w+)`.*MiB", text, re.MULTILINE))
    assert measured == {*ROLES, "telegram", "postgres", "redis"}
