"""The server's users: what each service may do on Redis or Valkey, as the lines of an ACL file.

The file holds hashes only, so it is no secret where the passwords are long and random. Selectors (the parts in
brackets) need Redis 7 or Valkey (https://valkey.io/topics/acl/). Not here: the passwords, and where the file is kept
(``entrypoints.provision``).
"""

import hashlib
from collections.abc import Mapping

from attrs import frozen

from adapters.redis_streams.liveness import PREFIX
from adapters.redis_streams.streams import key_of
from domain.runtime_state import KEY


@frozen
class Rights:
    """What a service does: the targets it consumes, those it publishes to, and what it reads besides."""

    consumes: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    sets_mode: bool = False
    reads_all: bool = False


_CORE = ("brain", "sender", "sender-bulk")
RIGHTS: Mapping[str, Rights] = {
    "gateway": Rights(publishes=("brain",)),
    "brain": Rights(consumes=("brain",), publishes=_CORE, sets_mode=True),
    "sender": Rights(consumes=("sender", "sender-bulk"), publishes=_CORE),
    "scheduler": Rights(publishes=("brain",)),
    "operator": Rights(reads_all=True),
}
# What a connection and a transaction need; none of it touches a key's value.
_BASE = "resetkeys resetchannels -@all +ping +time +scan +multi +exec +client|setname +client|setinfo"


def acl_file(passwords: Mapping[str, str]) -> str:
    """Return the ACL file for the services named in ``passwords``.

    Whoever does not log in may ask with ``PING`` whether the server lives, which health checks do, and nothing else.
    """
    lines = ["user default on nopass resetkeys resetchannels -@all +ping"]
    for service, password in passwords.items():
        digest = hashlib.sha256(password.encode()).hexdigest()
        lines.append(f"user {service} on #{digest} {_BASE} {' '.join(_selectors(service, RIGHTS[service]))}")
    return "\n".join(lines) + "\n"


def _selectors(service: str, rights: Rights) -> list[str]:
    alive = f"(+set +del ~{PREFIX}{service}:*)"
    if rights.reads_all:
        reading = "+get +pttl +xlen +xrange +xpending +xinfo"
        return [f"({reading} ~{PREFIX}* ~{KEY} ~{key_of('*')})", "(+info)"]
    found = [f"(+@stream ~{key_of(target)})" for target in rights.consumes]
    found += [
        f"(+xadd +xlen ~{key_of(target)})" for target in rights.publishes if target not in rights.consumes
    ]
    found.append(alive)
    if rights.sets_mode:
        found += [f"(+get +set +del ~{KEY})", f"(+get +pttl ~{PREFIX}*)"]
    return found
