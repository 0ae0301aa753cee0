"""Checks of the Redis or Valkey server: whether it is reached, keeps what it is given, and lets the services in.

Not here: asking (``adapters.redis_streams.inspection``).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.redis_streams.inspection import Trouble
from adapters.redis_streams.streams import key_of
from domain.errors import OpenClawError
from domain.runtime_state import DEFAULT_MODE, KEY, VALID_MODES, parse_mode
from entrypoints.doctor.evidence import Evidence
from entrypoints.doctor.verdicts import Check, NotKnown, Verdict, fault, ok, warning

# https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/: selectors need Redis 7.
REDIS_MIN, VALKEY_MIN = (7, 2), (7, 2)
MEMORY_FAULT_SHARE, MEMORY_WARNING_SHARE = 0.95, 0.8
CLIENTS_SHARE_MAX = 0.9
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", ""})
SHOWN_MAX = 4

_WORDS: Mapping[str, str] = {
    Trouble.UNREACHABLE: "does not answer",
    Trouble.HANGS: "takes the connection and does not answer",
    Trouble.PASSWORD: "refuses the user or its password",
    Trouble.LOADING: "is still loading its data",
    Trouble.FULL: "has no connection left",
}
_REMEDIES: Mapping[str, str] = {
    Trouble.UNREACHABLE: "start Redis or Valkey, or correct host and port in OPENCLAW_REDIS_URL; "
    "`redis-cli -u <url> ping` tells whether it answers",
    Trouble.HANGS: "look whether its machine is overloaded or a firewall drops packets; restart the server if it hangs",
    Trouble.PASSWORD: "correct user and password in OPENCLAW_REDIS_URL; with an ACL file of `openclaw provision`: "
    "`redis-cli acl load` after it changed",
    Trouble.LOADING: "wait until it has loaded its append-only file",
    Trouble.FULL: "redis-cli config set maxclients 1000, or end clients that nobody needs",
}
OWN = "restart `openclaw up`; the server's log is valkey/valkey.log in the data directory"


def _reachable(evidence: Evidence) -> Verdict:
    answers = evidence.redis
    if answers.trouble is None:
        return ok(f"{answers.place} answers, to the user {answers['user']}")
    kind = answers.trouble.kind
    remedy = OWN if evidence.up_runs and evidence.settings.redis_url is None else _REMEDIES.get(kind, "")
    return fault(f"{answers.place} {_WORDS.get(kind, 'cannot be asked')} ({answers.trouble.detail})", remedy)


def _info(evidence: Evidence) -> Mapping[str, Any]:
    found: Mapping[str, Any] = evidence.redis["info"]
    return found


def _version(evidence: Evidence) -> Verdict:
    info = _info(evidence)
    software = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get(f"{software.lower()}_version", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < (VALKEY_MIN if software == "Valkey" else REDIS_MIN):
        return fault(f"it is {software} {version}, which is too old")
    return ok(f"it is {software} {version}")


def _primary(evidence: Evidence) -> Verdict:
    role = _info(evidence).get("role", "master")
    if role != "master":
        return fault("it is a replica, which takes no writes")
    return ok("it takes writes")


def _cluster(evidence: Evidence) -> Verdict:
    if int(_info(evidence).get("cluster_enabled", 0)):
        return fault("it is a node of a cluster, and OpenClaw speaks to one server")
    return ok("it is a server of its own")


def _eviction(evidence: Evidence) -> Verdict:
    policy = str(_info(evidence).get("maxmemory_policy", "unknown"))
    if policy != "noeviction":
        return fault(f"maxmemory-policy is {policy}, which throws events away when memory runs out")
    return ok("maxmemory-policy is noeviction")


def _memory(evidence: Evidence) -> Verdict:
    info = _info(evidence)
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if not limit:
        return ok(f"{used // 1024} KiB are in use, without a limit")
    told = f"{used // 1024} of {limit // 1024} KiB are in use"
    if used > limit * MEMORY_FAULT_SHARE:
        return fault(f"{told}; beyond the limit it refuses events")
    return warning(told) if used > limit * MEMORY_WARNING_SHARE else ok(told)


def _append_only(evidence: Evidence) -> Verdict:
    if not int(_info(evidence).get("aof_enabled", 0)):
        return fault("appendonly is off, so a restart forgets wake-ups and the API mode")
    return ok("appendonly is on")


def _writes(evidence: Evidence) -> Verdict:
    info = _info(evidence)
    parts = {
        "aof_last_write_status": "writing the append-only file",
        "aof_last_bgrewrite_status": "rewriting the append-only file",
        "rdb_last_bgsave_status": "saving a snapshot",
    }
    failed = [words for name, words in parts.items() if info.get(name, "ok") != "ok"]
    if failed:
        return fault(f"the last attempt at {' and at '.join(failed)} failed")
    return ok("what it keeps on disk was written")


def _clients(evidence: Evidence) -> Verdict:
    info = _info(evidence)
    used, limit = int(info.get("connected_clients", 0)), int(info.get("maxclients", 0))
    if limit and used > limit * CLIENTS_SHARE_MAX:
        return warning(f"{used} of {limit} connections are in use")
    return ok(f"{used} of {limit} connections are in use" if limit else f"{used} connections are in use")


def _password(evidence: Evidence) -> Verdict:
    evidence.redis["user"]
    url = evidence.settings.redis_url
    if url is None:
        return ok("it is `openclaw up`'s own, and everybody needs a password")
    parts = urlsplit(url.reveal())
    if parts.scheme == "unix" or parts.password:
        return ok("a password is needed" if parts.password else "it is reached by a socket")
    if (parts.hostname or "") in LOOPBACK:
        return warning("it asks for no password, so every program of this machine may read what people write")
    return fault("it asks for no password, so whoever reaches it may read what people write")


def _rights(evidence: Evidence) -> Iterator[Verdict]:
    logins = evidence.redis.get("logins", {})
    fine = True
    for service, (trouble, refused) in logins.items():
        if trouble is not None or refused:
            fine = False
            what = f"may not: {_few(refused)}" if refused else "does not get in"
            yield fault(f"the service {service} {what}", "stop `openclaw up` and start it again")
    if not logins:
        refused = evidence.redis["rights"]
        if refused:
            fine = False
            user = evidence.redis["user"]
            yield fault(f"the user {user} may not: {_few(refused)}")
    if fine:
        yield ok(
            "every service may do what it needs" if logins else "this user may do what its service needs"
        )


def _few(names: tuple[str, ...]) -> str:
    more = len(names) - SHOWN_MAX
    return ", ".join(names[:SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def _groups(evidence: Evidence) -> Verdict:
    running = evidence.running
    streams = evidence.redis["streams"]
    lost = [
        key_of(target)
        for target, facts in streams.items()
        if not facts.has_group and (facts.length or target.partition("-")[0] in running)
    ]
    if lost:
        return warning(f"nobody has a consumer group on {', '.join(lost)}, so its entries wake nobody")
    return ok("every stream in use has its group")


def _foreign(evidence: Evidence) -> Verdict:
    found = {target: facts.foreign for target, facts in evidence.redis["streams"].items() if facts.foreign}
    if found:
        told = ", ".join(f"{count} in {key_of(target)}" for target, count in found.items())
        return warning(f"entries that are not OpenClaw's, which it drops: {told}")
    return ok("no stream holds what is not OpenClaw's")


def _mode(evidence: Evidence) -> Verdict:
    stored = evidence.redis["mode"]
    committed = evidence.postgres.get("mode", None)
    try:
        live = parse_mode(stored.decode("utf-8", "replace")) if stored is not None else None
    except OpenClawError:
        return fault(f"{KEY} holds what is no API mode, so {DEFAULT_MODE} counts; valid: {VALID_MODES}")
    if committed and live is not None and committed[0]["applied"] and committed[0]["value"] != live:
        return warning(f"Redis says {live}, and {committed[0]['value']} was chosen last")
    if committed is None and live is None:
        raise NotKnown("none is stored, and Postgres does not tell what was chosen")
    return ok(f"the API mode is {live or DEFAULT_MODE}")


CHECKS = (
    Check("redis.reachable", "a connection with `OPENCLAW_REDIS_URL`, or to the server of a running `up`",
          "the server does not answer, hangs, is loading, or refuses user or password",
          "start Redis or Valkey, or correct OPENCLAW_REDIS_URL", _reachable),
    Check("redis.version", "the server's version", "older than Redis 7.2 or Valkey 7.2",
          "upgrade to Redis 7.2 or Valkey 8, or later", _version),
    Check("redis.primary", "the server's part in replication", "it is a replica",
          "let OPENCLAW_REDIS_URL lead to the primary, or: redis-cli replicaof no one", _primary),
    Check("redis.cluster", "whether it is a cluster", "it runs in cluster mode",
          "use a server with cluster-enabled no", _cluster),
    Check("redis.maxmemory_policy", "`maxmemory-policy`", "it is not `noeviction`, so events are thrown away",
          "redis-cli config set maxmemory-policy noeviction, and the same in its configuration file", _eviction),
    Check("redis.memory", "memory in use, of `maxmemory`", "95 % are in use (fault), or 80 % (warning)",
          "redis-cli config set maxmemory <more>, and see events.backlog: what is not worked off stays", _memory),
    Check("redis.append_only", "`appendonly`", "it is off",
          "redis-cli config set appendonly yes, and the same in its configuration file", _append_only),
    Check("redis.writes", "how the last writes to disk ended",
          "the append-only file or a snapshot could not be written",
          "make room on its disk and look at the server's log; then: redis-cli bgrewriteaof and bgsave", _writes),
    Check("redis.clients", "connections in use, of `maxclients`", "nine in ten are in use",
          "redis-cli config set maxclients <more>, or lower OPENCLAW_REDIS_POOL_MAX", _clients),
    Check("redis.password", "whether a password is needed", "there is none",
          "redis-cli config set requirepass <password>, or the ACL file of `openclaw provision`; and put the password "
          "into OPENCLAW_REDIS_URL", _password),
    Check("redis.rights", "the commands and keys of each service, tried harmlessly",
          "a service may not do what it needs", "load the ACL file that `openclaw provision` makes: redis-cli acl load",
          _rights),
    Check("redis.groups", "the consumer group of each stream in use",
          "it is gone; the service makes it anew as it reads",
          "start the service that reads it, or: redis-cli xgroup create <stream> <target> 0 mkstream", _groups),
    Check("redis.foreign_entries", "the oldest entries of each stream", "somebody else writes into it",
          "find who writes there (redis-cli client list) and let it use keys of its own", _foreign),
    Check("redis.api_mode", f"`{KEY}`, and the mode that was chosen last",
          "it holds no valid mode (fault), or another one than was chosen (warning)",
          "write `/api auto`, or the mode that you want, to the bot as an admin", _mode),
)  # fmt: skip
