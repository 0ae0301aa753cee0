"""What every command that needs settings does first: read them, then log so that none of their secrets shows.

Not here: settings (``settings``) and logging (``adapters.logs``) themselves.
"""

from adapters.logs import Redactor, set_up_logging
from entrypoints.settings import Settings, load_settings


def prepare(role: str | None = None, required: tuple[str, ...] = ()) -> Settings:
    """Return the settings, with logging set up; ``role`` names the service in every line of the log.

    Raises InvalidSettings with every fault, missing ones of ``required`` included.
    """
    settings = load_settings(required=required)
    start_logging(settings, role)
    return settings


def start_logging(settings: Settings, role: str | None = None) -> Redactor:
    """Log as the settings say, their secrets hidden. Secrets made later are told to the redactor returned."""
    return set_up_logging(
        log_format=settings.log_format,
        level=settings.log_level,
        secrets=settings.secret_texts(),
        about={"role": role, "instance": settings.instance} if role else {},
    )
