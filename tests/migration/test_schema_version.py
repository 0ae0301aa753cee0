"""The version that a start compares with, told without Alembic, is the one that Alembic migrates to."""

import subprocess
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory

from adapters.postgres.schema import MIGRATIONS, newest_version


def test_the_newest_version_is_the_head_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert newest_version() == ScriptDirectory.from_config(config).get_current_head()


def test_a_start_imports_no_migration_tool() -> None:
    program = (
        "import sys; import entrypoints.up;"
        "heavy = {'alembic', 'sqlalchemy'} & set(sys.modules);"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
