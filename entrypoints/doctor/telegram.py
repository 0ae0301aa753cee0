"""Checks of Telegram: the token, the way there, the webhook, and the updates that wait.

Not here: asking (``adapters.telegram.inspection``).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.telegram.inspection import Trouble
from application.gateway import ALLOWED_UPDATES
from domain.status import age_text
from entrypoints.doctor.evidence import Evidence
from entrypoints.doctor.verdicts import Check, NotKnown, Verdict, fault, ok, warning
from entrypoints.settings_types import TelegramMode

CLOCK_S_MAX = 30.0
PENDING_MAX = 100
# An error of the webhook that is older than this was overcome since.
ERROR_S_MAX = 3600.0
ERROR_NOW_S_MAX = 300.0

_WORDS: Mapping[str, str] = {
    Trouble.UNREACHABLE: "cannot be reached",
    Trouble.HANGS: "does not answer",
    Trouble.NOT_THE_API: "is not the Bot API",
    Trouble.REFUSED: "refuses to answer",
}
_REMEDIES: Mapping[str, str] = {
    Trouble.UNREACHABLE: "let this machine reach it: DNS, firewall, proxy; "
    "`curl -sS <OPENCLAW_TELEGRAM_API_URL>` shows what is in the way",
    Trouble.HANGS: "try again; if it stays so, look at the way there: `curl -sS <OPENCLAW_TELEGRAM_API_URL>`",
    Trouble.NOT_THE_API: "correct OPENCLAW_TELEGRAM_API_URL, or remove it for https://api.telegram.org",
    Trouble.REFUSED: "wait as long as the answer says; https://core.telegram.org/bots/api has its error codes",
}


def _token(evidence: Evidence) -> Verdict:
    bot, answers = evidence.bot, evidence.telegram
    if bot.token is None:
        if any("OPENCLAW_TELEGRAM_TOKEN" in text for text in evidence.setting_faults):
            raise NotKnown("the token is malformed; see settings.values")
        if evidence.settings.telegram_mode is TelegramMode.WEBHOOK:
            return fault("webhook mode is set, and no bot token")
        if bot.why:
            raise NotKnown(bot.why)
        return warning(
            "no bot token is set, so `openclaw up` stands in for Telegram with a chat in the terminal"
        )
    if answers.trouble is not None:
        if answers.trouble.kind == Trouble.TOKEN:
            return fault(f"Telegram refuses the bot token ({answers.trouble.detail})")
        raise NotKnown(f"{answers.place} cannot be asked")
    return ok("the simulated Telegram takes the token" if bot.simulated else "Telegram takes the token")


def _reachable(evidence: Evidence) -> Verdict:
    answers = evidence.telegram
    if answers.trouble is None:
        answers["me"]
        return ok(f"{answers.place} answers")
    kind = answers.trouble.kind
    if kind == Trouble.TOKEN:
        return ok(f"{answers.place} answers")
    words = _WORDS.get(kind, "cannot be asked")
    return fault(f"{answers.place} {words} ({answers.trouble.detail})", _REMEDIES.get(kind, ""))


def _clock(evidence: Evidence) -> Verdict:
    if evidence.bot.simulated:
        return ok("the simulated Telegram has this machine's clock")
    if "clock" not in evidence.telegram.known:
        # Raises, with the reason.
        evidence.telegram["clock"]
    ours_s, theirs_s = evidence.telegram.known["clock"]
    off_s = abs(ours_s - theirs_s)
    if off_s > CLOCK_S_MAX:
        return fault(f"the clocks of this machine and of Telegram differ by {off_s:.0f} s")
    return ok("the clocks agree")


def _name(evidence: Evidence) -> Verdict:
    me, given = evidence.telegram["me"], evidence.settings.bot_username
    name = str(me.get("username", ""))
    if given is not None and given.lower() != name.lower():
        return fault(
            f"OPENCLAW_BOT_USERNAME is {given}, and the token's bot is {name}: commands in groups go unheard",
            f"set OPENCLAW_BOT_USERNAME={name}, or remove it",
        )
    return ok(f"the bot is @{name}")


def _hook(evidence: Evidence) -> Mapping[str, Any]:
    found: Mapping[str, Any] = evidence.telegram["webhook"]
    return found


def _webhook(evidence: Evidence) -> Verdict:
    settings, url = evidence.settings, str(_hook(evidence).get("url", ""))
    host = urlsplit(url).hostname
    if settings.telegram_mode is TelegramMode.POLLING:
        if url:
            return fault(
                f"updates are polled for, and Telegram has a webhook at {host}, which takes them all",
                "restart the gateway, which removes it; if it comes back, another program uses this bot",
            )
        return ok("no webhook is set, as polling needs it")
    if not url:
        return fault(
            "webhook mode is set, and Telegram has no webhook", "start `openclaw gateway`, which registers it"
        )
    if url != settings.webhook_url:
        return fault(
            f"Telegram calls {host}, and OPENCLAW_WEBHOOK_URL is another URL",
            "restart the gateway, which registers it; if it changes again, another program uses this bot",
        )
    return ok("Telegram calls OPENCLAW_WEBHOOK_URL")


def _webhook_error(evidence: Evidence) -> Verdict:
    hook = _hook(evidence)
    when = hook.get("last_error_date")
    if not hook.get("url") or not isinstance(when, int | float):
        return ok("Telegram tells of no failed call")
    ago_s = evidence.machine.now_s - when
    told = f"Telegram's last failed call was {age_text(ago_s)} ago: {hook.get('last_error_message', 'no reason')}"
    if ago_s <= ERROR_NOW_S_MAX:
        return fault(told)
    return warning(told) if ago_s <= ERROR_S_MAX else ok(told)


def _allowed(evidence: Evidence) -> Verdict:
    hook = _hook(evidence)
    if not hook.get("url"):
        return ok("the gateway asks for its kinds with every poll")
    missing = [kind for kind in ALLOWED_UPDATES if kind not in hook.get("allowed_updates", ALLOWED_UPDATES)]
    if missing:
        return fault(f"Telegram leaves out updates of kind {', '.join(missing)}")
    return ok("Telegram sends every kind of update that OpenClaw takes")


def _pending(evidence: Evidence) -> Verdict:
    pending = int(_hook(evidence).get("pending_update_count", 0))
    if pending >= PENDING_MAX:
        return warning(f"{pending} updates wait at Telegram, which keeps them for 24 hours")
    return ok(f"{pending} updates wait at Telegram")


CHECKS = (
    Check("telegram.token", "the bot's token, by `getMe`", "there is none, or Telegram does not take it",
          "take the token from @BotFather (/mybots, API Token) and set OPENCLAW_TELEGRAM_TOKEN", _token),
    Check("telegram.reachable", "the way to `OPENCLAW_TELEGRAM_API_URL`",
          "it cannot be reached, does not answer, or something else answers there",
          "let this machine reach it, or correct OPENCLAW_TELEGRAM_API_URL", _reachable),
    Check("telegram.clock", "this machine's clock, by the time in Telegram's answer", "they differ by more than 30 s",
          "let this machine keep time with NTP: `timedatectl set-ntp true`", _clock),
    Check("telegram.bot_username", "`OPENCLAW_BOT_USERNAME`", "the token is another bot's",
          "remove OPENCLAW_BOT_USERNAME", _name),
    Check("telegram.webhook", "`getWebhookInfo`, and how updates should come",
          "a webhook is set although OpenClaw polls, or none is set, or it leads elsewhere", "restart the gateway",
          _webhook),
    Check("telegram.webhook_error", "the webhook's last error", "Telegram could not deliver (within 5 minutes: fault; "
          "within an hour: warning)",
          "let OPENCLAW_WEBHOOK_URL lead to the gateway's OPENCLAW_WEBHOOK_LISTEN: DNS, certificate, reverse proxy; "
          "`curl -si <OPENCLAW_WEBHOOK_URL>` must say 401 or 405", _webhook_error),
    Check("telegram.allowed_updates", "the kinds of updates that the webhook was registered for",
          "a kind is missing that OpenClaw takes", "restart the gateway, which registers all kinds", _allowed),
    Check("telegram.pending_updates", "how many updates wait at Telegram", "100 or more",
          "start the gateway, or see telegram.webhook_error and roles.running: nobody fetches them", _pending),
)  # fmt: skip
