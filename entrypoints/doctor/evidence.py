"""The evidence that the checks judge: settings, files, and what each server answered.

Not here: gathering it (``examination``).
"""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from entrypoints.doctor.verdicts import NotKnown
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret


@frozen
class Trouble:
    """Why a server could not be asked: a word to go by, and what the driver said, without secrets."""

    kind: str
    detail: str


@frozen
class Answers:
    """What one server answered.

    ``missing`` is set where there is none to ask, ``trouble`` where it could not be asked. ``known`` has what it
    answered, ``failed`` why it did not answer a question.
    """

    place: str = ""
    missing: str = ""
    trouble: Trouble | None = None
    known: Mapping[str, Any] = field(factory=dict)
    failed: Mapping[str, str] = field(factory=dict)

    def __getitem__(self, question: str) -> Any:
        """Return the answer to a question. Raises NotKnown, which says why there is none."""
        if self.missing:
            raise NotKnown(self.missing)
        if self.trouble is not None:
            raise NotKnown(f"{self.place} cannot be asked")
        if question in self.known:
            return self.known[question]
        raise NotKnown(self.failed.get(question, f"{self.place} was not asked"))

    def get(self, question: str, default: Any) -> Any:
        """Return the answer to a question, ``default`` where there is none."""
        return self.known.get(question, default)


@frozen
class FileMode:
    """A file that holds secrets, as the reader knows it, and its permission bits."""

    shown: str
    mode: int


@frozen
class DataFacts:
    """What is known of the data directory; ``fault`` says why nothing is. A directory may not exist yet."""

    shown: str
    exists: bool = False
    fault: str = ""
    owner: int = 0
    mode: int = 0
    foreign: bool = False
    secrets: tuple[FileMode, ...] = ()
    # How the directory is arranged (``entrypoints.data_dir.FORMAT``).
    format: int = 0
    # The major versions of Postgres: that of the data, and that of this installation (None: has none).
    postgres_data: int | None = None
    postgres_here: int | None = None
    # The process that holds the lock; 0 where it is held by an unknown one, None where nobody holds it.
    holder: int | None = None
    described: bool = False


@frozen
class MachineFacts:
    """What is known of this machine. ``disk`` are the free and all bytes where the data lies, None if not known."""

    now_s: float
    user: int
    files_max: int
    disk: tuple[int, int] | None
    disk_of: str


@frozen
class Place:
    """Where a server is: its URL, and whether it is one of an ``up``'s own; without URL the reason for that.

    ``logins`` are the URLs of the services, where they are known: on the machine of an ``up``.
    """

    url: Secret | None
    own: bool = False
    why: str = ""
    logins: Mapping[str, Secret] = field(factory=dict)


@frozen
class Bot:
    """The bot to ask about: its token and API, and whether that API is simulated; without token the reason."""

    token: Secret | None
    api_url: str
    simulated: bool = False
    why: str = ""


@frozen
class Evidence:
    """Everything that the checks judge."""

    settings: Settings
    setting_faults: tuple[str, ...]
    # Files that may hold secrets: ``.env`` and those that variables name.
    env_file: FileMode | None
    secret_files: tuple[FileMode, ...]
    machine: MachineFacts
    data: DataFacts
    up_runs: bool
    bot: Bot
    postgres: Answers
    redis: Answers
    telegram: Answers

    @property
    def running(self) -> frozenset[str]:
        """The roles of which an instance runs. Raises NotKnown without Redis."""
        return frozenset(service.role for service in self.redis["services"])
