"""Faults of Redis, of Telegram, and of what runs."""

import time
from collections.abc import Callable
from pathlib import Path

from adapters.embedded.files import free_port
from adapters.embedded.valkey import EmbeddedValkey
from adapters.redis_streams.streams import key_of
from application.gateway import ALLOWED_UPDATES
from domain.runtime_state import KEY
from tests.adapters.planted.faults_here import REGISTERED, WEBHOOK
from tests.adapters.planted.faults_postgres import rewritten
from tests.adapters.planted.table import WARNING, Planted
from tests.adapters.planted.ward import Ward
from tests.servers import running, short_dir

MODE_CHOSEN = "insert into openclaw.runtime (name, value, applied) values ('api_mode', 'kimi', true)"


def url(make: Callable[[Ward], str]) -> Callable[[Ward], object]:
    return lambda ward: ward.variables.update(OPENCLAW_REDIS_URL=make(ward))


def setting(name: str, value: object) -> Callable[[Ward], object]:
    return lambda ward: ward.set_redis(name, value)


def version_told(ward: Ward) -> None:
    port = int(ward.variables["OPENCLAW_REDIS_URL"].rpartition(":")[2].partition("/")[0])
    told = ward.undo.enter_context(rewritten(port, b"valkey_version:9", b"valkey_version:6"))
    ward.variables["OPENCLAW_REDIS_URL"] = ward.variables["OPENCLAW_REDIS_URL"].replace(
        f":{port}/", f":{told}/"
    )


def replica(ward: Ward) -> None:
    ward.redis.replicaof("127.0.0.1", 9)
    ward.undo.callback(ward.redis.replicaof, "NO", "ONE")


def clustered(ward: Ward) -> None:
    path = ward.undo.enter_context(short_dir())
    # Without a port of its own the nodes would talk at one that is 10,000 higher, which may be none.
    lines = ["cluster-enabled yes", f"cluster-port {free_port()}"]
    server = ward.undo.enter_context(running(EmbeddedValkey(path, tcp=True, config=lines)))
    ward.variables["OPENCLAW_REDIS_URL"] = server.admin_url


def nearly_full(share: float) -> Callable[[Ward], object]:
    def plant(ward: Ward) -> None:
        used = ward.redis.info("memory")["used_memory"]
        ward.set_redis("maxmemory", round(used / share))

    return plant


def unwritable(ward: Ward) -> None:
    """Let a directory stand where the snapshot goes."""
    folder = Path(ward.redis.config_get("dir")["dir"])
    (folder / "dump.rdb").mkdir()
    (folder / "dump.rdb" / "full").touch()
    ward.redis.bgsave()
    deadline = time.monotonic() + 10
    while ward.redis.info("persistence")["rdb_last_bgsave_status"] == "ok" and time.monotonic() < deadline:
        time.sleep(0.01)
    ward.undo.callback(_writable, ward, folder / "dump.rdb")


def _writable(ward: Ward, path: Path) -> None:
    (path / "full").unlink()
    path.rmdir()
    ward.redis.save()
    path.unlink()


def full(connections: int) -> Callable[[Ward], object]:
    return lambda ward: ward.set_redis("maxclients", connections)


def less_rights(ward: Ward) -> None:
    kept = next(
        line for line in ward.redis.execute_command("ACL", "LIST") if b"user operator " in line
    ).decode()
    ward.redis.execute_command("ACL", "SETUSER", "operator", "clearselectors")
    rules = kept.removeprefix("user operator ")
    ward.undo.callback(ward.redis.execute_command, "ACL", "SETUSER", "operator", "reset", *_words(rules))


def _words(rules: str) -> list[str]:
    """Return the rules of a user, a selector in brackets as one."""
    found: list[str] = []
    for word in rules.split():
        if found and found[-1].startswith("(") and not found[-1].endswith(")"):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def no_password(ward: Ward) -> None:
    ward.redis.execute_command("ACL", "SETUSER", "default", "nopass")
    ward.undo.callback(
        ward.redis.execute_command, "ACL", "SETUSER", "default", "resetpass", f">{ward.valkey.password}"
    )
    port = ward.variables["OPENCLAW_REDIS_URL"].rpartition(":")[2]
    ward.variables["OPENCLAW_REDIS_URL"] = f"redis://127.0.0.1:{port}"


def without(*variables: str) -> Callable[[Ward], object]:
    return lambda ward: [ward.variables.pop(name) for name in variables]


def hook(**changes: object) -> Callable[[Ward], object]:
    """Plant in the webhook of a gateway that uses one."""

    def plant(ward: Ward) -> None:
        ward.variables |= WEBHOOK
        ward.telegram.answers["getWebhookInfo"] = {**REGISTERED, **changes}

    return plant


def failed(ago_s: float) -> Callable[[Ward], object]:
    return lambda ward: hook(
        last_error_date=int(time.time() - ago_s), last_error_message="Connection refused"
    )(ward)


def html(ward: Ward) -> None:
    ward.telegram.refusal = (404, "<html>Not Found</html>")


def webhook_of_another(ward: Ward) -> None:
    ward.telegram.answers["getWebhookInfo"] = {**REGISTERED, "url": "https://elsewhere.example.org/hook"}


def many_updates(ward: Ward) -> None:
    ward.telegram.answers["getWebhookInfo"]["pending_update_count"] = 500


REDIS = (
    Planted("Redis that is not there", "redis.reachable", "start Redis or Valkey",
            url(lambda _: "redis://operator:planted@127.0.0.1:9/0")),
    Planted("a wrong password of Redis", "redis.reachable", "correct user and password",
            url(lambda ward: ward.valkey.url("operator", "planted-wrong"))),
    Planted("no connection of Redis left", "redis.reachable", "maxclients", full(1)),
    Planted("Redis that is too old", "redis.version", "upgrade to Redis 7.2 or Valkey 8", version_told),
    Planted("a replica", "redis.primary", "replicaof no one", replica),
    Planted("a cluster", "redis.cluster", "cluster-enabled no", clustered, also=frozenset({"roles.running"})),
    Planted("events thrown away when memory runs out", "redis.maxmemory_policy",
            "config set maxmemory-policy noeviction", setting("maxmemory-policy", "allkeys-lru")),
    Planted("memory that is full", "redis.memory", "config set maxmemory", nearly_full(1.0)),
    Planted("memory that fills", "redis.memory", "events.backlog", nearly_full(0.85), WARNING),
    Planted("nothing kept on disk", "redis.append_only", "config set appendonly yes", setting("appendonly", "no")),
    Planted("a disk on which Redis cannot write", "redis.writes", "make room", unwritable),
    Planted("connections of Redis running out", "redis.clients", "OPENCLAW_REDIS_POOL_MAX", full(2), WARNING),
    Planted("Redis without a password", "redis.password", "requirepass", no_password, WARNING),
    Planted("a user without its rights", "redis.rights", "acl load", less_rights),
    Planted("a group that is gone", "redis.groups", "xgroup create",
            lambda ward: ward.redis.xgroup_destroy(key_of("brain"), "brain"), WARNING),
    Planted("entries of somebody else", "redis.foreign_entries", "client list",
            lambda ward: ward.redis.xadd(key_of("sender"), {"job": "planted"}), WARNING),
    Planted("an API mode that is none", "redis.api_mode", "/api auto", lambda ward: ward.redis.set(KEY, "gpt")),
    Planted("an API mode that nobody chose", "redis.api_mode", "as an admin",
            lambda ward: (ward.redis.set(KEY, "openai"), ward.sql(MODE_CHOSEN)), WARNING, fresh=True),
)  # fmt: skip

TELEGRAM = (
    Planted("no bot token", "telegram.token", "OPENCLAW_TELEGRAM_TOKEN",
            without("OPENCLAW_TELEGRAM_TOKEN", "OPENCLAW_REDIS_URL"), WARNING),
    Planted("a token that Telegram knows no more", "telegram.token", "@BotFather",
            lambda ward: ward.telegram.refuse(401, "Unauthorized")),
    Planted("a token that never was", "telegram.token", "@BotFather",
            lambda ward: ward.telegram.refuse(404, "Not Found")),
    Planted("no way to Telegram", "telegram.reachable", "DNS, firewall, proxy",
            lambda ward: ward.variables.update(OPENCLAW_TELEGRAM_API_URL="http://127.0.0.1:9")),
    Planted("a URL of the Bot API that is none", "telegram.reachable", "correct OPENCLAW_TELEGRAM_API_URL", html),
    Planted("Telegram that refuses for now", "telegram.reachable", "wait as long",
            lambda ward: ward.telegram.refuse(429, "Too Many Requests: retry after 30")),
    Planted("a clock that Telegram does not agree with", "telegram.clock", "NTP",
            lambda ward: setattr(ward.telegram, "ahead_s", 3600.0)),
    Planted("another bot's token", "telegram.bot_username", "OPENCLAW_BOT_USERNAME=planted_bot",
            lambda ward: ward.variables.update(OPENCLAW_BOT_USERNAME="other_bot")),
    Planted("a webhook where updates are polled for", "telegram.webhook", "restart the gateway, which removes it",
            webhook_of_another),
    Planted("a webhook that is not registered", "telegram.webhook", "which registers it", hook(url="")),
    Planted("a webhook that is registered elsewhere", "telegram.webhook", "another program uses this bot",
            hook(url="https://elsewhere.example.org/hook")),
    Planted("a webhook that fails", "telegram.webhook_error", "certificate, reverse proxy", failed(5)),
    Planted("a webhook that failed lately", "telegram.webhook_error", "OPENCLAW_WEBHOOK_LISTEN", failed(1200), WARNING),
    Planted("kinds of updates that do not come", "telegram.allowed_updates", "restart the gateway",
            hook(allowed_updates=ALLOWED_UPDATES[1:])),
    Planted("updates that nobody fetches", "telegram.pending_updates", "start the gateway", many_updates, WARNING),
)  # fmt: skip

RUNNING = (
    Planted("a bot that nobody owns", "access.owner", "OPENCLAW_OWNER", without("OPENCLAW_OWNER"), WARNING),
    Planted("a role of which nothing runs", "roles.running", "openclaw sender",
            lambda ward: ward.redis.delete("openclaw:{alive}:sender:a")),
    Planted("an instance that fell silent", "roles.silent", "look at its log",
            lambda ward: ward.announce("brain", "b", silent_s=12), WARNING),
    Planted("an instance of another version", "roles.versions", "upgrade every service",
            lambda ward: ward.announce("brain", "b", of="0.0.9"), WARNING),
)  # fmt: skip

FAULTS = (*REDIS, *TELEGRAM, *RUNNING)
