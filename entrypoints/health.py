"""Asks a service whether it is ready, as health checks of containers do every few seconds.

Nothing but the standard library, so that it also runs as a program of its own in a tenth of the time that the command
line needs: ``python -IS entrypoints/health.py http://127.0.0.1:8090/readyz``. Not here: the answer
(``entrypoints.web``).
"""

import socket
import sys

TIMEOUT_S = 3.0
HEAD_BYTES_MAX = 4096
PORT = 80


def ask(url: str, timeout_s: float = TIMEOUT_S) -> int:
    """Return the HTTP status of ``GET url``.

    Raises OSError where nobody answers, ValueError for what is no such URL or no such answer.
    """
    scheme, _, rest = url.partition("://")
    address, slash, path = rest.partition("/")
    host, colon, port = address.rpartition(":")
    if scheme != "http" or not address:
        raise ValueError("give a URL such as http://127.0.0.1:8090/readyz")
    name = (host if colon else address).removeprefix("[").removesuffix("]")
    with socket.create_connection((name, int(port) if colon else PORT), timeout_s) as connection:
        request = f"GET {slash or '/'}{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("ascii"))
        head = b""
        while b"\r\n" not in head and len(head) < HEAD_BYTES_MAX:
            chunk = connection.recv(HEAD_BYTES_MAX)
            if not chunk:
                break
            head += chunk
    version, _, answer = head.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not answer[:3].isdigit():
        raise ValueError("what answers there does not speak HTTP")
    return int(answer[:3])


def check(url: str) -> str | None:
    """Return None where the service at ``url`` is ready, else one sentence that says what it is not."""
    try:
        status = ask(url)
    except (OSError, ValueError) as error:
        return f"{url} does not answer ({getattr(error, 'strerror', None) or error})"
    return None if status == 200 else f"{url} answers {status}"


def main(argv: list[str]) -> int:
    """Check the one URL given; 0 says ready, 1 says not, with the reason on standard error."""
    if len(argv) != 1:
        print("usage: health.py URL", file=sys.stderr)
        return 2
    fault = check(argv[0])
    if fault is not None:
        print(fault, file=sys.stderr)
    return 0 if fault is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
