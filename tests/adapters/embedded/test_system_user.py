"""Who Postgres runs as, where that cannot be arranged."""

import os
import shutil
from pathlib import Path

import pytest

from adapters.embedded import system_user
from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.system_user import postgres_owner, reachable_programs


def test_root_without_useradd_is_told_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_user, "_entry", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(EmbeddedServerError) as refused:
        postgres_owner(tmp_path / "new")
    assert str(refused.value) == (
        "Postgres does not run as root and its system user embedded_postgres could not be made "
        "(there is no useradd); start as an ordinary user, or add that user"
    )


def test_the_data_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    with pytest.raises(EmbeddedServerError, match=r"belongs to user id \d+; start as that user"):
        postgres_owner(tmp_path)


def test_an_ordinary_user_runs_it_as_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid or 1)
    assert postgres_owner(tmp_path / "new") is None


def test_broken_programs_are_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="does not run; install embedded-postgres again"):
        reachable_programs(tmp_path, None)
