"""How a bot gets its updates: polling and webhooks (https://core.telegram.org/bots/api#getting-updates).

``getUpdates`` waits, so its second half is in ``adapters.botworld.bell``. Not here: pushing to a webhook (the
simulator).
"""

import re
from urllib.parse import urlsplit

from attrs import frozen

from adapters.botworld import params as read
from adapters.botworld.call import Call
from adapters.botworld.updates import BATCH_MAX, Webhook
from adapters.botworld.values import Json, bad_request

POLL_S_MAX = 50
WEBHOOK_CONNECTIONS = 40
SECRET_CHARS_MAX = 256
PORTS = (80, 88, 443, 8443)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@frozen
class UpdatesRequest:
    """The parameters of ``getUpdates``, checked. ``timeout_s`` in seconds."""

    offset: int
    limit: int
    timeout_s: float
    allowed_updates: list[str] | None


def updates_request(params: read.Params) -> UpdatesRequest:
    """Return the parameters of ``getUpdates``; out of range they are clamped, as Telegram does."""
    return UpdatesRequest(
        offset=read.whole(params, "offset", 0),
        limit=min(max(read.whole(params, "limit", BATCH_MAX), 1), BATCH_MAX),
        timeout_s=float(min(max(read.whole(params, "timeout", 0), 0), POLL_S_MAX)),
        allowed_updates=_kinds(params),
    )


def _kinds(params: read.Params) -> list[str] | None:
    """Return the kinds of updates that are asked for; what is no list of strings counts as not given."""
    kinds = read.json_or_none(params, "allowed_updates")
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        return None
    return [kind.lower() for kind in kinds]


def _set_webhook(call: Call) -> object:
    url = read.words(call.params, "url")
    if not url:
        return _delete_webhook(call)
    _check_url(url)
    secret = read.words(call.params, "secret_token")
    if len(secret) > SECRET_CHARS_MAX:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    connections = min(max(read.whole(call.params, "max_connections", WEBHOOK_CONNECTIONS), 1), 100)
    queue = call.world.queues[call.bot.bot_id]
    queue.allow(_kinds(call.params))
    is_dropping = read.flag(call.params, "drop_pending_updates")
    address = read.words(call.params, "ip_address") or None
    has_certificate = bool(call.params.get("certificate"))
    hook = Webhook(url, secret, connections, address, has_certificate)
    old = queue.webhook
    if old is not None and not is_dropping and _same(old, hook):
        call.note = "Webhook is already set"
        return True
    if is_dropping:
        queue.drop_all()
    queue.set_webhook(hook)
    call.note = "Webhook was set"
    call.world.announce("webhook", call.bot.bot_id)
    call.world.announce("updates", call.bot.bot_id)
    return True


def _same(old: Webhook, new: Webhook) -> bool:
    fields = ("url", "secret_token", "max_connections", "ip_address", "has_custom_certificate")
    return all(getattr(old, name) == getattr(new, name) for name in fields)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if host in LOOPBACK:
        # Only here: a bot on this machine needs no certificate.
        return
    if not host or " " in url:
        raise bad_request("invalid webhook URL specified")
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port is not None and port not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if "." not in host:
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")


def _delete_webhook(call: Call) -> object:
    queue = call.world.queues[call.bot.bot_id]
    call.note = "Webhook was deleted" if queue.webhook is not None else "Webhook is already deleted"
    if read.flag(call.params, "drop_pending_updates"):
        queue.drop_all()
    queue.set_webhook(None)
    call.world.announce("webhook", call.bot.bot_id)
    return True


def _get_webhook_info(call: Call) -> object:
    queue = call.world.queues[call.bot.bot_id]
    hook = queue.webhook
    info: Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": hook.has_custom_certificate if hook else False,
        "pending_update_count": len(queue),
    }
    if hook is not None:
        info["max_connections"] = hook.max_connections
        if hook.ip_address:
            info["ip_address"] = hook.ip_address
        if hook.last_error_date is not None:
            info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error_message}
    if queue.allowed is not None:
        info["allowed_updates"] = sorted(queue.allowed)
    return info


def _get_updates(call: Call) -> object:
    raise RuntimeError("getUpdates waits; a face answers it with Bell.get_updates")


METHODS = {
    "getUpdates": _get_updates,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "getWebhookInfo": _get_webhook_info,
}
