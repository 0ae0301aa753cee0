"""Makes the secrets of an installation whose services run on their own: one folder a service, holding its own only.

::

    postgres/   postgres_password  postgres_url (the administrator's)
    valkey/     users.acl (hashes)
    <service>/  postgres_url  redis_url  settings.env, and what else it needs: telegram_token  webhook_secret
                webhook_secret_previous (of nobody, but while the secret is rotated)
    telegram/   telegram_token (of the simulated bot)

What stands already is kept, so it may run at every start. Nothing is ever printed. Not here: who mounts the folders
(``docker-compose.yml``), and giving the services their logins (``entrypoints.database``).
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from attrs import frozen

from adapters.embedded.files import private_file
from adapters.postgres.roles import SERVICES, role_of
from adapters.redis_streams.acl import acl_file
from adapters.telegram.client import bot_id_of
from domain.errors import OpenClawError
from entrypoints.chat import USER_ID
from entrypoints.data_dir import with_login
from entrypoints.roles import ROLES
from entrypoints.settings_source import variable
from entrypoints.simulated import BOT_ID, BOT_NAME

# 32 characters that need no quoting in a URL, and whose hash tells nothing about them.
SECRET_BYTES = 24
ADMIN, DATABASE = "postgres", "openclaw"
POSTGRES, VALKEY, TELEGRAM = "postgres", "valkey", "telegram"
GATEWAY, WEBHOOK, PREVIOUS = "gateway", "webhook_secret", "webhook_secret_previous"
OPERATOR = "operator"
ACL_FILE = "users.acl"
SETTINGS_FILE = "settings.env"
SETTINGS_ABOUT = "# What follows from where Telegram is. Variables of the environment win over these.\n"


@frozen
class Places:
    """Where the servers are: ``host:port`` of Postgres and Redis, and the URL of the simulated Telegram."""

    postgres: str
    redis: str
    simulator: str


@frozen
class Secrets:
    """The folders of one installation. Services named in ``renewed`` get new passwords, by which they log in."""

    folder: Path
    renewed: Collection[str] = ()

    def keep(self, holder: str, name: str, make: Callable[[], str]) -> str:
        """Return the secret ``name`` of ``holder``, made on first use."""
        kept = self.read(holder, name)
        if kept is None:
            kept = make()
            self.write(holder, name, kept)
        return kept

    def keep_url(self, holder: str, name: str, user: str, server: str) -> str:
        """Return the password in the URL ``name`` of ``holder``, made on first use.

        ``server`` is the URL without a login, which may have changed since.
        """
        standing = self.read(holder, name) if holder not in self.renewed else None
        password = password_in(standing) if standing else _random()
        self.write(holder, name, with_login(server, user, password))
        return password

    def read(self, holder: str, name: str) -> str | None:
        """Return what stands in a file, None where there is none."""
        try:
            return (self.folder / holder / name).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._fault(holder, error) from error

    def write(self, holder: str, name: str, text: str) -> None:
        """Let a file hold ``text``, for its owner's eyes only; leave it alone where it does."""
        if self.read(holder, name) == text.strip():
            return
        try:
            (self.folder / holder).mkdir(mode=0o700, parents=True, exist_ok=True)
            private_file(self.folder / holder / name, text.rstrip("\n") + "\n")
        except OSError as error:
            raise self._fault(holder, error) from error

    def publish(self, holder: str, name: str, text: str) -> None:
        """Let a file that holds no secret hold ``text``, readable for a server that runs as another user."""
        self.write(holder, name, text)
        try:
            (self.folder / holder).chmod(0o755)
            (self.folder / holder / name).chmod(0o644)
        except OSError as error:
            raise self._fault(holder, error) from error

    def _fault(self, holder: str, error: OSError) -> OpenClawError:
        return OpenClawError(
            f"the secrets in {self.folder / holder} cannot be kept ({error.strerror}); "
            "give the folder to the user who runs this"
        )


def provision(kept: Secrets, places: Places, telegram_token: str | None) -> None:
    """Make what is missing. Without a bot token the services get that of the simulated bot. Raises OpenClawError."""
    database, redis = f"postgresql://{places.postgres}/{DATABASE}", f"redis://{places.redis}/0"
    if POSTGRES in kept.renewed:
        kept.write(POSTGRES, "postgres_password", _random())
    admin = kept.keep(POSTGRES, "postgres_password", _random)
    kept.write(POSTGRES, "postgres_url", with_login(database, ADMIN, admin))
    simulated = kept.keep(TELEGRAM, "telegram_token", lambda: f"{BOT_ID}:{_random()}")
    token = telegram_token or simulated
    users = {}
    for service in SERVICES:
        kept.keep_url(service, "postgres_url", role_of(service), database)
        users[service] = kept.keep_url(service, "redis_url", service, redis)
        settings = _settings(places, simulated=telegram_token is None)
        if service == OPERATOR:
            # Who has no token has to know whose commands these are, before anybody has written to the bot.
            settings += _line("bot_id", bot_id_of(token))
        kept.write(service, SETTINGS_FILE, settings)
    kept.publish(VALKEY, ACL_FILE, acl_file(users))
    for role in ROLES.values():
        if "telegram_token" in role.required:
            kept.write(role.name, "telegram_token", token)
    kept.keep(GATEWAY, WEBHOOK, _random)
    # Outside of a rotation nobody knows it, so that the gateway always finds one.
    kept.keep(GATEWAY, PREVIOUS, _random)


def renew_webhook_secret(kept: Secrets) -> None:
    """Make a new webhook secret; the one so far is known beside it until it is forgotten. Raises OpenClawError.

    Renewing again before that forgets the older one.
    """
    kept.write(GATEWAY, PREVIOUS, kept.keep(GATEWAY, WEBHOOK, _random))
    kept.write(GATEWAY, WEBHOOK, _random())


def forget_webhook_secret(kept: Secrets) -> None:
    """End a rotation: from the gateway's next start on only the newest secret is known. Raises OpenClawError."""
    kept.write(GATEWAY, PREVIOUS, _random())


def passwords_in(folder: Path) -> dict[str, str]:
    """Return each service's Postgres password, from the URLs that ``provision`` wrote. Raises OpenClawError."""
    kept, found = Secrets(folder), {}
    for service in SERVICES:
        url = kept.read(service, "postgres_url")
        if url is None:
            raise OpenClawError(
                f"there is no {folder / service / 'postgres_url'}; run `openclaw provision` first"
            )
        found[service] = password_in(url)
    return found


def password_in(url: str) -> str:
    """Return the password in a URL. Raises OpenClawError, which does not repeat the URL."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    if not password:
        raise OpenClawError("a URL among the secrets has no password; remove that file and run this again")
    return unquote(password)


def _settings(places: Places, *, simulated: bool) -> str:
    lines: Mapping[str, object] = {}
    if simulated:
        lines = {"telegram_api_url": places.simulator, "bot_username": BOT_NAME, "admins": USER_ID}
    return SETTINGS_ABOUT + "".join(_line(name, value) for name, value in lines.items())


def _line(name: str, value: object) -> str:
    return f"{variable(name)}={value}\n"


def _random() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)
