"""Secrets and people's texts, planted wherever one process may come by them, are in nothing that it writes.

Not here: a whole installation (``test_planted``), and the formats of logs (``tests/adapters/test_logs.py``).
"""

import base64
import html
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest

from adapters.logs import Redactor
from application.interpreter import describe
from domain.errors import InvalidSettings, Refusal, Refused
from domain.redaction import HIDDEN, one_line, without_credentials, without_quotes
from entrypoints.settings import load_settings

OWN = "7123456789:AAHplantedplantedplantedplanted_-x"
PASSWORD = "pl@nted/pass'w\"rd ä&<1>"
OTHER = {
    "a bot token": "bot99999999:" + "Ab1-" * 9,
    "a bot token in a URL that was encoded": "file/bot99999999%3A" + "Ab1-" * 9,
    "a password of a URL": "postgresql://openclaw:plantedpassword@db/openclaw",
    "a password without a user": "redis://:plantedpassword@cache:6379/0",
    "a password with an @ that was not encoded": "postgresql://u:planted@password@db/x",
    "a password of a connection string": "host=db user=x password=plantedpassword sslmode=require",
    "a quoted one": "password = 'planted pass word' host=db",
    "an option of a URL": "postgresql://db/x?user=u&password=plantedpassword&sslmode=require",
    "a field of a form": "url=https%3A%2F%2Fx&secret_token=plantedpassword&max_connections=100",
    "a field of JSON": '{"url": "https://x", "secret_token": "planted\\u0020password", "ok": true}',
    "a field of a dict": "{'api_key': 'plantedpassword', 'n': 1}",
    "a field of JSON within JSON": '"{\\"password\\": \\"plantedpassword\\"}"',
    "a variable": "OPENCLAW_WEBHOOK_SECRET_PREVIOUS=plantedpassword openclaw gateway",
    "a header": "X-Telegram-Bot-Api-Secret-Token: plantedpassword",
    "a header as servers keep it": "[(b'x-telegram-bot-api-secret-token', b'plantedpassword')]",
    "a bearer": "Authorization: Bearer plantedpassword123",
    "a basic login": "authorization: Basic " + base64.b64encode(b"u:plantedpassword").decode(),
    "a key of a provider": "401 for key sk-planted-planted-planted",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nplanted\nplanted\n-----END RSA PRIVATE KEY-----",  # planted
}
ORDINARY = (
    "a secret is something nobody else knows",
    "the token is missing or wrong",
    "OPENCLAW_TELEGRAM_TOKEN: missing; this service needs it",
    "OPENCLAW_WEBHOOK_SECRET: must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -",
    "https://example.org:8080/telegram/webhook?x=1",
    "polling: 409 Conflict: terminated by other getUpdates request",
    "12:34:56 lane 7123456789:-1001234567890",
    'the password of "Ada" was changed',
    "set OPENCLAW_TELEGRAM_TOKEN=<digits>:<letters and digits>, or OPENCLAW_WEBHOOK_SECRET=...",
)


def shown(text: str) -> str:
    return Redactor([OWN, PASSWORD])(text)


@pytest.mark.parametrize("what", OTHER)
def test_what_is_shaped_like_a_credential_is_hidden_whoever_it_belongs_to(what: str) -> None:
    for text in (OTHER[what], f"before {OTHER[what]} after", json.dumps({"text": OTHER[what]})):
        hidden = without_credentials(text)
        assert HIDDEN in hidden
        assert "planted" not in hidden
        assert "Ab1-" not in hidden
        assert "password@" not in hidden


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_sentences_stay_as_they_are(text: str) -> None:
    assert without_credentials(text) == text


@pytest.mark.parametrize("secret", [OWN, PASSWORD])
def test_a_secret_of_ours_is_hidden_however_it_is_written(secret: str) -> None:
    written = (
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret), urlencode({"x": secret}), repr(secret),
        repr(secret.encode()), repr([secret]), json.dumps(secret), json.dumps([secret], ensure_ascii=False),
        html.escape(secret), re.sub(r"%..", lambda found: found[0].lower(), quote(secret)),
    )  # fmt: skip
    for text in written:
        for place in (text, f"<p>{text}</p>", f"xx{text}yy", f"x={text}&y=1"):
            assert all(part not in shown(place) for part in ("nted", "pass", "w%22rd")), place


def test_the_secret_part_of_a_bot_token_is_hidden_without_its_id() -> None:
    assert shown(f"token ...{OWN.partition(':')[2]}") == f"token ...{HIDDEN}"


def test_what_others_quote_of_a_request_is_not_repeated() -> None:
    told = (
        'Bad Request: unsupported start tag "what Ada wrote" at byte offset 5, near “hers” and "never closed'
    )
    assert without_quotes(told) == 'Bad Request: unsupported start tag "…" at byte offset 5, near "…" and "…"'
    error = Refused(Refusal(400, told))
    assert "Ada" not in str(error) + describe(error)
    assert len(str(Refused(Refusal(400, "long " * 1000)))) < 250
    assert "planted" not in str(Refused(Refusal(404, f"no such method: /bot{OWN}/sendMessage")))


def test_a_fault_of_the_settings_repeats_no_value(tmp_path: Path) -> None:
    environ = {
        f"OPENCLAW_{name}": text
        for name, text in {
            "TELEGRAM_TOKEN": "planted token", "WEBHOOK_SECRET": "planted secret!", "POSTGRES_URL": "planted://x",
            "REDIS_URL": "redis//:planted@x", "ADMINS": "planted", "WEBHOOK_LISTEN": "planted", "ACCESS": "planted",
            "LOG_LEVEL": "planted", "RATE_BOT_PER_S": "planted", "TELEGRAM_API_URL": "https://u:planted@",
        }.items()
    }  # fmt: skip
    with pytest.raises(InvalidSettings) as told:
        load_settings(environ, tmp_path)
    assert "planted" not in str(told.value) + repr(told.value)
    assert str(told.value).count("OPENCLAW_") >= len(environ) - 1


def test_one_line_is_cut_after_it_was_hidden() -> None:
    assert "planted" not in one_line("x" * 150 + " redis://u:" + "planted" * 20 + "@h", 200)


# One process in which everything goes wrong, with the values that a service holds.
FAILING = """
import asyncio, gc, logging, os, sys, threading, warnings
from adapters.logs import log_loop_trouble, log_stray_errors, set_up_logging
OWN, TEXT = sys.argv[1], sys.argv[2]
set_up_logging(log_format=sys.argv[3], level="debug", secrets=[OWN])
log_stray_errors()
log = logging.getLogger("uvicorn.error")

class Row:
    def __init__(self, text): self.text = text
    def __del__(self): raise ValueError(self.text)
    def __repr__(self): return f"Row({self.text})"

async def fail(text):
    local = text
    raise KeyError(local) from RuntimeError(text)

async def main():
    asyncio.get_running_loop().set_exception_handler(log_loop_trouble)
    for text in (OWN, TEXT):
        task = asyncio.create_task(fail(text), name="t")
        await asyncio.wait([task])
        del task
        asyncio.get_running_loop().call_soon(lambda text=text: {}[text])
        asyncio.get_running_loop().call_exception_handler({"message": "odd", "handle": Row, "context": text})
        try:
            raise ExceptionGroup(text, [ValueError(text), OSError(5, "Input/output error", text)])
        except ExceptionGroup as error:
            error.add_note(text)
            log.exception("Exception in ASGI application")
    await asyncio.sleep(0)
    gc.collect()

asyncio.run(main())
for text in (OWN, TEXT):
    thread = threading.Thread(target=lambda text=text: {}[text], name="worker")
    thread.start()
    thread.join()
    row = Row(text)
    del row
    try:
        int(text)
    except ValueError as error:
        error.add_note(text)
        log.error("failed", exc_info=True, extra={"action": "x"})
warnings.warn("careful with " + OWN)
int(TEXT)
"""


@pytest.fixture(params=["text", "json"])
def told(request: pytest.FixtureRequest) -> str:
    """What a process in which everything goes wrong writes."""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", FAILING, OWN, "what Ada wrote", request.param],
        capture_output=True, text=True, check=False, timeout=60.0,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_no_error_that_nobody_catches_shows_a_secret_or_a_text(told: str) -> None:
    for kind in ("KeyError", "RuntimeError", "ValueError", "ExceptionGroup", "OSError: Input/output error"):
        assert kind in told
    assert told.count("uncaught exception") == 5
    assert "careful with [hidden]" in told
    for planted in (OWN, OWN.partition(":")[2], "what Ada wrote"):
        assert planted not in told


def test_what_is_written_about_an_error_of_a_library_is_its_kind() -> None:
    class UniqueViolationError(Exception):
        """As of Postgres, whose detail quotes the row."""

    assert describe(UniqueViolationError("Key (text)=(what Ada wrote) already exists.")) == (
        "UniqueViolationError in the handler"
    )
    stream = io.StringIO()
    print(describe(ValueError(OWN)), file=stream)
    assert OWN not in stream.getvalue()
