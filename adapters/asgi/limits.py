"""What a server of ours bears from a client: one value, with the bounds that fit the public internet.

They hold whether or not a reverse proxy stands before the server. There is none for a client's address: behind a proxy
all of them come from one. Not here: carrying them out (``connection``, ``app``, ``server``).
"""

from attrs import frozen

BODY_BYTES_MAX = 1024 * 1024


@frozen
class Limits:
    """Bounds of one listener: ``_s`` are seconds, ``_bytes_max`` bytes of one request.

    ``head_s`` runs from the connection's opening or the head's first byte. A body has ``body_s`` in all, and
    ``body_grace_s`` plus what it takes at ``body_bytes_per_s_min`` to come. What is left of a refused request is read
    and dropped for ``linger_s`` and ``linger_bytes_max``, so that its sender sees the answer and not a reset.
    ``framing_bytes_max`` bounds chunk sizes, their extensions and trailers beyond as many bytes as the body has,
    ``pieces_max`` how many tiny chunks a body comes in.
    """

    connections_max: int = 512
    head_bytes_max: int = 16 * 1024
    headers_max: int = 64
    pipeline_max: int = 8
    framing_bytes_max: int = 64 * 1024
    pieces_max: int = 4096
    linger_bytes_max: int = BODY_BYTES_MAX
    head_s: float = 10.0
    body_s: float = 30.0
    body_grace_s: float = 5.0
    body_bytes_per_s_min: float = 1024.0
    keep_alive_s: int = 75
    linger_s: float = 2.0
    # How often the deadlines are looked at, and how often what was refused is logged.
    watch_s: float = 0.5
    report_s: float = 60.0
