"""No secret is in the repository: not in its files, not in what they were before, not in what commits say."""

import random
import string
import subprocess
from pathlib import Path

import pytest

from tests.security.leaks import PLANTED, history, leaks_in, messages, scan, tracked

ROOT = Path(__file__).resolve().parents[2]
# What looks like a secret, is none, and stands on a line, or in a commit, that does not say so.
ALLOWED = {
    "p%40ss": "a password of nobody, in the tests of settings",
    "pl%40nted%20%22p%2Fss": "a password of nobody, percent-encoded, in the tests of logs",
    "sk-abcdefghijklmnopqrstuvwx": "a key of nobody, in the tests of the API mode before it said so",
    "sk-proj-abcdefghijklmnop1234": "a key of nobody, in the tests of logs before it said so",
    "PuTTY-User-Key-File-": "the beginning of a key's file, by which this search knows one",
}


def word(chars: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Return random characters, the same in every run."""
    return "".join(random.Random(chars).choices(alphabet, k=chars))


HEX = word(64, "0123456789abcdef")
SECRETS = {
    "a bot token": f"token: 7{word(9, string.digits)}:AAH{word(32)}",
    "a bot token in a URL": f"https://api.telegram.org/bot7123456789:AAF{word(32)}/getMe",
    "a private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "a key of a provider": "sk-" + "proj-" + word(40),
    "a key of GitHub": "ghp_" + word(36),
    "a key of Amazon": "AKIA" + word(16, string.ascii_uppercase + string.digits),
    "a JSON web token": ".".join(("eyJ" + word(20), "eyJ" + word(40), word(43))),
    "a password of Postgres": f"postgresql://openclaw:{word(12)}@db.internal/openclaw",
    "a password of Redis without a user": f"redis://:{word(12)}@cache:6379/0",
    "a password that is percent-encoded": f"amqps://u:{word(8)}%40{word(4)}@[::1]/x",
    "a line of .env": f"OPENCLAW_WEBHOOK_SECRET={HEX}",
    "a field of YAML": f"  api-key: {word(32)}",
    "an argument in code": f'connect(password="{word(20)}")',
    "a word of JSON": f'{{"client_secret": "{word(24)}"}}',
    "a random word that says nothing": f"see {word(43)}=",
}
HARMLESS = (
    "token: Secret | None = setting(",
    "password = self._given if self._given is not None else secret(self._data_dir, NAME)",
    "postgresql://postgres:{password}@localhost/openclaw",
    "postgresql://user:...@host/openclaw",
    "test_what_a_paused_sender_was_calling_is_repeated_once_and_marked",
    "https://core.telegram.org/bots/api#determining-list-of-commands-for-a-user",
    "    --hash=sha256:" + HEX,
    "trace_id=" + word(32, "0123456789abcdef"),
    "12:34:56 lane 7123456789:-1001234567890123",
)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.txt").write_text("nothing\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_no_secret_lies_in_the_repository() -> None:
    assert [str(leak) for leak in scan(tracked(ROOT), ALLOWED)] == []


def test_no_secret_lies_in_the_history_of_the_repository() -> None:
    # An archive of the files has no history.
    found = (
        [*scan(history(ROOT), ALLOWED), *scan(messages(ROOT), ALLOWED)] if (ROOT / ".git").exists() else []
    )
    assert [str(leak) for leak in found] == []


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_is_found_wherever_it_stands_on_its_line(what: str) -> None:
    secret = SECRETS[what]
    for line in (secret, f"    # {secret}", f"{'x ' * 15_000}{secret}", f"before\n\n{secret}\nafter"):
        (leak,) = leaks_in("notes.md", line.encode())
        assert leak.word not in str(leak)
        assert secret not in str(leak)
    assert list(leaks_in("notes.md", f"{secret}  # {PLANTED}".encode())) == []


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_is_not_taken_for_one(line: str) -> None:
    assert [leak.kind for leak in leaks_in("notes.md", line.encode())] == []


@pytest.mark.parametrize(
    "name", [".env", "deploy/.env.production", "keys/id_ed25519", "server.pem", "valkey/users.acl", ".pgpass"]
)
def test_a_file_that_holds_secrets_by_its_nature_is_found_whatever_is_in_it(name: str) -> None:
    assert [leak.kind for leak in leaks_in(name, b"")] == ["a file that holds secrets"]
    assert list(leaks_in(".env.example", b"OPENCLAW_TELEGRAM_TOKEN=\n")) == []


def test_a_secret_that_was_taken_out_again_is_found_in_the_history(repository: Path) -> None:
    secret = SECRETS["a bot token"]
    (repository / "b.txt").write_text(secret)
    assert [leak.place for leak in scan(tracked(repository))] == ["b.txt:1"]
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "second")
    git(repository, "rm", "--quiet", "b.txt")
    git(repository, "commit", "--quiet", "--message", f"third, without {SECRETS['a line of .env']}")
    assert scan(tracked(repository)) == []
    assert [leak.place for leak in scan(history(repository))] == ["b.txt:1"]
    assert [leak.kind for leak in scan(messages(repository))] == ["a secret that is set"]


def test_an_archive_of_the_files_has_no_history_and_is_searched_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(SECRETS["a key of GitHub"])
    assert [leak.place for leak in scan(tracked(tmp_path))] == ["b.txt:1"]
    assert scan(history(tmp_path)) == scan(messages(tmp_path)) == []


def test_a_secret_on_another_branch_is_found(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    (repository / ".env").write_text("nothing")
    git(repository, "add", "--force", ".env")
    git(repository, "commit", "--quiet", "--message", "side")
    git(repository, "checkout", "--quiet", "-")
    assert scan(tracked(repository)) == []
    assert [leak.place for leak in scan(history(repository))] == [".env"]
