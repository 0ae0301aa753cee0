"""When a failed event is tried again: exponential backoff with jitter, as a pure function.

"Full jitter halved" of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/: half of the
delay is fixed, half follows from the event's id, so that the same failure waits the same time in every run.
"""

import hashlib
from uuid import UUID

from attrs import frozen


@frozen
class RetryPolicy:
    """``attempts_max`` runs in all; the first wait is about ``base_s``, none is longer than ``cap_s`` seconds."""

    attempts_max: int = 6
    deaths_max: int = 3
    base_s: float = 1.0
    cap_s: float = 300.0

    def delay_s(self, attempt: int, event_id: UUID) -> float:
        """Return the seconds to wait before attempt number ``attempt`` (1 is the first repetition)."""
        whole = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 30))
        digest = hashlib.blake2b(event_id.bytes + attempt.to_bytes(4, "big"), digest_size=8).digest()
        return whole / 2 + whole / 2 * (int.from_bytes(digest, "big") / 2**64)

    def is_spent(self, attempt: int) -> bool:
        """Whether ``attempt`` repetitions leave no further one."""
        return attempt >= self.attempts_max
