"""What an installation sets: one frozen class, read from ``OPENCLAW_*`` variables and ``.env``.

The fields of ``Settings`` are the one table: name, type, default, bounds and description of every variable. From it
come the validation, ``.env.example`` and the table in the documentation (``settings_docs``).
Not here: reading the variables (``settings_source``), and what is told at run time (the API mode).
"""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import Attribute, Factory, frozen

from application.consumer import Limits
from application.hand import LANES_MAX
from application.pressure import Bounds
from application.retention import (
    AUDIT_DAYS_MIN,
    DELIVERIES_DAYS_MIN,
    OCCASIONS_DAYS_MIN,
    UPDATES_DAYS_MAX,
    UPDATES_DAYS_MIN,
    Terms,
)
from application.scheduler import SchedulerLimits
from application.sender import SenderLimits
from domain.access import AccessMode, Policy
from domain.errors import InvalidSettings
from domain.notices import NoticeRule
from domain.rates import RateLimits
from domain.retry import RetryPolicy
from domain.tasks.policy import DAY_S, HOUR_S
from entrypoints.settings_checks import (
    above_zero,
    at_least,
    between,
    matches,
    redis_url,
    setting,
    url,
    users,
    zero_or_at_least,
)
from entrypoints.settings_source import Sources, read_sources, variable
from entrypoints.settings_together import faults_between
from entrypoints.settings_types import (
    BOT_TOKEN,
    WEBHOOK_SECRET,
    HostPort,
    LogFormat,
    LogLevel,
    Secret,
    TelegramMode,
    text_converter,
    url_password,
)


def instance_name() -> str:
    """Return the default name of this process among its replicas: host name and process id."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40] or "host"
    return f"{host}-{os.getpid()}"


_TELEGRAM, _SERVERS, _WEB, _LIMITS = "Telegram", "Servers and files", "Web and logs", "Limits"
_KEPT = "What is kept how long"
_SECRET_SHAPE = matches(WEBHOOK_SECRET, "must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -")


@frozen(kw_only=True)
class Settings:
    """Every setting. A name that ends in ``_s`` is in seconds."""

    telegram_token: Secret | None = setting(
        _TELEGRAM,
        "The bot's token from @BotFather. Without one, `up` starts a Telegram of its own and a chat in the terminal.",
        None,
        matches(BOT_TOKEN, "must be a bot token as @BotFather gives it: digits, a colon, letters and digits"),
    )
    telegram_api_url: str = setting(
        _TELEGRAM, "Where the Bot API is.", "https://api.telegram.org", url("https", "http")
    )
    telegram_mode: TelegramMode = setting(
        _TELEGRAM, "How updates come: `polling` asks Telegram, `webhook` is told by it.", TelegramMode.POLLING
    )
    webhook_url: str | None = setting(
        _TELEGRAM,
        "The public https URL that Telegram calls; needed for webhooks.",
        None,
        url("https", "http"),
    )
    webhook_secret: Secret | None = setting(
        _TELEGRAM, "What Telegram sends along to prove itself; needed for webhooks.", None, _SECRET_SHAPE
    )
    webhook_secret_previous: Secret | None = setting(
        _TELEGRAM,
        "The secret before this one, still accepted while it is being changed.",
        None,
        _SECRET_SHAPE,
    )
    bot_username: str | None = setting(
        _TELEGRAM,
        "The bot's name, without @; asked from Telegram when not set.",
        None,
        matches(re.compile(r"[A-Za-z0-9_]{4,32}"), "must be a bot's user name, without the @"),
    )
    bot_id: int | None = setting(
        _TELEGRAM,
        "The bot's id, the digits before the colon of its token, for commands of an operator who has no token.",
        None,
        at_least(1),
    )
    admins: frozenset[int] = setting(
        _TELEGRAM,
        "User ids of those who may change what concerns everyone, with commas between them.",
        frozenset(),
        users,
    )
    owner: int | None = setting(
        _TELEGRAM,
        "The user id of the bot's owner, who names admins. Without one, `up` shows a code that makes its sender owner.",
        None,
        at_least(1),
    )
    access: AccessMode = setting(
        _TELEGRAM,
        "Who may talk: with `pairing` strangers get a code for an admin to approve, with `allowlist` no answer, "
        "with `open` everybody may.",
        AccessMode.PAIRING,
    )
    allowed: frozenset[int] = setting(
        _TELEGRAM,
        "Ids of users and of groups that may talk, with commas between them; others are let in by admins.",
        frozenset(),
    )

    postgres_url: Secret | None = setting(
        _SERVERS,
        "An outside Postgres, `postgresql://...`. Without one, `up` starts its own.",
        None,
        url("postgresql", "postgres"),
    )
    redis_url: Secret | None = setting(
        _SERVERS,
        "An outside Redis or Valkey: `redis://`, `rediss://` or `unix://`. Without one, `up` starts its own.",
        None,
        redis_url,
    )
    postgres_pool_max: int = setting(
        _SERVERS,
        "Postgres connections of each service; a round holds one and may need another.",
        4,
        at_least(2),
    )
    redis_pool_max: int = setting(
        _SERVERS, "Redis connections of each service, beside those that wait for events.", 8, at_least(1)
    )
    data_dir: Path = setting(_SERVERS, "Where `up` keeps the data of its own servers.", Path("data"))
    instance: str = setting(
        _SERVERS,
        "This process's name among its replicas; host name and process id when not set.",
        Factory(instance_name),
        matches(re.compile(r"[A-Za-z0-9._-]{1,64}"), "must be 1 to 64 characters of A-Z, a-z, 0-9, . _ -"),
    )

    webhook_listen: HostPort = setting(
        _WEB, "Address on which the gateway takes webhooks.", HostPort("127.0.0.1", 8080)
    )
    health_listen: HostPort | None = setting(
        _WEB,
        "Address on which a service tells its health and metrics; off when not set. `up` takes a port a role, this one "
        "and those after it.",
        None,
    )
    log_format: LogFormat = setting(_WEB, "`auto` is text on a terminal and JSON elsewhere.", LogFormat.AUTO)
    log_level: LogLevel = setting(_WEB, "What is logged, at least.", LogLevel.INFO)

    rate_bot_per_s: int = setting(
        _LIMITS, "Calls a second of the whole bot; 0 lifts the limit.", RateLimits().bot_per_s, at_least(0)
    )
    rate_chat_per_s: float = setting(
        _LIMITS, "Calls a second to one chat; 0 lifts the limit.", RateLimits().chat_per_s, at_least(0)
    )
    rate_chat_burst: int = setting(
        _LIMITS, "Calls to one chat that may come at once.", RateLimits().chat_burst, at_least(1)
    )
    rate_group_per_min: int = setting(
        _LIMITS, "Calls a minute to one group; 0 lifts the limit.", RateLimits().group_per_min, at_least(0)
    )
    attempts_max: int = setting(
        _LIMITS, "Attempts before an event becomes a dead letter.", RetryPolicy().attempts_max, at_least(1)
    )
    retry_first_s: float = setting(
        _LIMITS,
        "About how long after the first attempt the second one comes; each further wait is twice as long.",
        RetryPolicy().base_s,
        between(0.01, HOUR_S),
    )
    retry_longest_s: float = setting(
        _LIMITS, "The longest wait before a further attempt.", RetryPolicy().cap_s, between(0.01, DAY_S)
    )
    deaths_max: int = setting(
        _LIMITS,
        "Processes that an event may take down before it becomes a dead letter; the last one it has for itself.",
        RetryPolicy().deaths_max,
        at_least(2),
    )
    notice_gather_s: float = setting(
        _LIMITS,
        "How long dead letters gather before admins are told of them in one message.",
        NoticeRule().gather_s,
        at_least(0),
    )
    notice_every_s: float = setting(
        _LIMITS,
        "How often admins are told that there are more dead letters while nobody looks; 0: never of any.",
        NoticeRule().every_s,
        at_least(0),
    )
    sender_concurrency: int = setting(
        _LIMITS, "Calls to Telegram in flight at once, each sender.", SenderLimits().concurrency, at_least(1)
    )
    call_timeout_s: float = setting(
        _LIMITS, "Longest time of one call to Telegram.", SenderLimits().call_timeout_s, above_zero
    )
    claim_s: float = setting(
        _LIMITS,
        f"How long a delivery is claimed; at least {SenderLimits().margin_s:g} s more than the call may take.",
        SenderLimits().claim_s,
        above_zero,
    )
    sweep_grace_s: float = setting(
        _LIMITS,
        "How overdue an event is before it is taken up without a wake-up.",
        Limits().grace_s,
        above_zero,
    )
    handler_timeout_s: float = setting(_LIMITS, "Longest time of one handler.", 10.0, above_zero)
    stuck_s: float = setting(
        _LIMITS,
        "How long a process may stand still before its watchdog ends it, for its supervisor to start it again.",
        30.0,
        above_zero,
    )
    stop_timeout_s: float = setting(
        _LIMITS, "Longest time to finish what is in hand when stopped.", 20.0, above_zero
    )
    round_max: int = setting(_LIMITS, "Events handled in one transaction.", Limits().round_max, at_least(1))
    backlog_chat_max: int = setting(
        _LIMITS,
        "Events that a chat may owe before Telegram is told to keep its updates for a while.",
        Bounds().chat_max,
        at_least(10),
    )
    backlog_max: int = setting(
        _LIMITS,
        "The same for all chats together; from half of it on a chat may owe less and less.",
        Bounds().all_max,
        at_least(100),
    )
    stream_max: int = setting(
        _LIMITS,
        "Wake-ups in the stream of a target, beyond which its rows wait for the sweep.",
        10_000,
        at_least(100),
    )

    lanes_max: int = setting(
        _LIMITS,
        "Chats that a service has in hand at once; more wait in Postgres.",
        LANES_MAX,
        between(1, 100_000),
    )
    scheduler_tick_s: float = setting(
        _LIMITS,
        "How often the scheduler asks which tasks are due.",
        SchedulerLimits().tick_s,
        between(0.05, 60),
    )
    server_retry_longest_s: float = setting(
        _LIMITS,
        "The longest pause before Postgres or Redis is tried again while it is away.",
        Limits().backoff_max_s,
        between(0.2, HOUR_S),
    )

    keep_updates_days: int = setting(
        _KEPT,
        "Keys of updates, by which one that Telegram repeats is known.",
        Terms().updates_days,
        between(UPDATES_DAYS_MIN, UPDATES_DAYS_MAX),
    )
    keep_deliveries_days: int = setting(
        _KEPT,
        "The ledger of what was sent; 0 keeps it for ever.",
        Terms().deliveries_days,
        zero_or_at_least(DELIVERIES_DAYS_MIN),
    )
    keep_occasions_days: int = setting(
        _KEPT,
        "The ledger of what tasks reminded of; 0 keeps it for ever.",
        Terms().occasions_days,
        zero_or_at_least(OCCASIONS_DAYS_MIN),
    )
    keep_audit_days: int = setting(
        _KEPT,
        "The audit, which goes by whole months; 0 keeps it for ever.",
        Terms().audit_days,
        zero_or_at_least(AUDIT_DAYS_MIN),
    )

    def access_policy(self) -> Policy:
        """Return what these settings say about who may talk."""
        return Policy(self.access, self.owner, self.admins, self.allowed)

    def secret_texts(self) -> tuple[str, ...]:
        """Return every secret text of this installation, passwords inside URLs included, for hiding them in logs."""
        found: list[str] = []
        for value in attrs.asdict(self, recurse=False).values():
            if isinstance(value, Secret):
                found += [value.reveal(), *url_password(value.reveal())]
        return tuple(dict.fromkeys(found))


FIELDS: tuple["Attribute[Any]", ...] = attrs.fields(Settings)
SECRETS = frozenset(each.name for each in FIELDS if each.type == Secret | None)


def load_settings(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, required: tuple[str, ...] = ()
) -> Settings:
    """Return the settings from the environment and ``.env``; a variable of the environment wins.

    ``folder`` is where ``.env`` is looked for: the current one by default. ``required`` are the fields that the
    caller cannot do without. Raises InvalidSettings with every fault at once, by variable name.
    """
    settings, faults = read_settings(environ, folder, required)
    if faults:
        raise InvalidSettings(faults)
    return settings


def read_settings(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, required: tuple[str, ...] = ()
) -> tuple[Settings, tuple[str, ...]]:
    """Return what can be read of the settings, and every fault; what is at fault has its default.

    For whoever goes on in spite of faults; everybody else takes ``load_settings``.
    """
    source = read_sources(
        os.environ if environ is None else environ,
        Path.cwd() if folder is None else folder,
        Sources(names=frozenset(each.name for each in FIELDS), secrets=SECRETS),
    )
    faults = list(source.faults)
    values: dict[str, Any] = {}
    converter = text_converter()
    for each in FIELDS:
        if each.name in source.texts:
            fault = _read(converter, each, source.texts[each.name], values)
            faults += [fault] if fault else []
    missing = [name for name in required if name not in source.texts and name not in source.faulty]
    faults += [f"{variable(name)}: missing" for name in missing if getattr(Settings(), name) is None]
    settings = Settings(**values)
    return settings, tuple(faults or faults_between(settings))


def _read(converter: Any, each: "Attribute[Any]", text: str, values: dict[str, Any]) -> str | None:
    """Put the value of a field into ``values``, or return its fault."""
    try:
        value = converter.structure(text, each.type)
    except ValueError as error:
        return f"{variable(each.name)}: {error}"
    check = each.metadata["check"]
    wording = check(value) if check else None
    if wording:
        return f"{variable(each.name)}: {wording}"
    values[each.name] = value
    return None
