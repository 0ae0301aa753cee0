"""HTTP faces: the webhook that Telegram calls, and the health checks of every service.

Not here: what happens to an update (``application.gateway``); the HTTP toolkit is ``adapters.asgi``.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence

from attrs import define

from adapters.asgi import App, HttpRefusal, Request, Response, Route, json_response
from application.gateway import Gateway
from domain.errors import OpenClawError, StoreUnavailable
from domain.updates import NotAnUpdate

BODY_BYTES_MAX = 1024 * 1024
SECRET_HEADER = b"x-telegram-bot-api-secret-token"
WEBHOOK_PATH = "/telegram/webhook"
RETRY_S = b"1"
_OK = json_response({"ok": True})


@define
class Webhook:
    """Takes updates in by HTTP POST. A wrong secret is counted, not audited: anyone can send one."""

    gateway: Gateway
    secrets: Sequence[bytes]
    wrong_secrets: int = 0
    refused: int = 0

    async def __call__(self, request: Request) -> Response:
        """Answer 200 when the update is durable, 503 when it cannot be made so now; Telegram repeats it then."""
        given = request.header(SECRET_HEADER) or b""
        # Every secret is compared, each in constant time, so that nothing is told by how long it takes.
        if not any([hmac.compare_digest(given, secret) for secret in self.secrets]):
            self.wrong_secrets += 1
            raise HttpRefusal(401, "the secret token is missing or wrong")
        try:
            update = await request.json(BODY_BYTES_MAX)
        except HttpRefusal:
            self.refused += 1
            raise
        try:
            await self.gateway.accept([update])
        except NotAnUpdate as error:
            self.refused += 1
            raise HttpRefusal(400, str(error)) from None
        except StoreUnavailable:
            raise HttpRefusal(
                503, "the update cannot be kept now; send it again", [(b"retry-after", RETRY_S)]
            ) from None
        return _OK


Check = Callable[[], Awaitable[None]]


@define
class Health:
    """``/healthz``: this process answers. ``/readyz``: what it needs answers too."""

    checks: dict[str, Check]

    async def healthz(self, request: Request) -> Response:
        """Answer 200."""
        return _OK

    async def readyz(self, request: Request) -> Response:
        """Answer 200 when every check passes, else 503 with the names of those that do not."""
        failed = []
        for name, check in self.checks.items():
            try:
                await check()
            except OpenClawError:
                failed.append(name)
        if failed:
            return json_response({"ok": False, "not_ready": failed}, 503)
        return _OK

    def routes(self) -> list[Route]:
        """Return the rows of the route table."""
        return [Route("GET", "/healthz", self.healthz), Route("GET", "/readyz", self.readyz)]


def web_app(health: Health, webhook: Webhook | None = None) -> App:
    """Return the ASGI application of a service."""
    routes = health.routes()
    if webhook is not None:
        routes.append(Route("POST", WEBHOOK_PATH, webhook))
    return App(routes)
