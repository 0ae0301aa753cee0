"""HTTP faces: the webhook that Telegram calls, and the health checks and metrics of every service.

Not here: what happens to an update (``application.gateway``), what is measured (``metering``); the HTTP toolkit is
``adapters.asgi``.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from adapters.asgi import BODY_BYTES_MAX, App, Handler, HttpRefusal, Request, Response, Route, json_response
from adapters.metrics.exposition import Exposition
from application.gateway import Gateway
from application.meters import ListenerMeter, RequestMeter
from domain.errors import OpenClawError, StoreUnavailable, TurnedAway
from domain.updates import NotAnUpdate

SECRET_HEADER = b"x-telegram-bot-api-secret-token"
WEBHOOK_PATH = "/telegram/webhook"
METRICS_PATH = "/metrics"
RETRY_S = b"1"
_OK = json_response({"ok": True})


@define
class Webhook:
    """Takes updates in by HTTP POST. What is refused is counted, not audited: anyone can bring it about."""

    gateway: Gateway
    secrets: Sequence[bytes]
    requests: RequestMeter = field(factory=RequestMeter)
    listener: ListenerMeter = field(factory=ListenerMeter)

    async def __call__(self, request: Request) -> Response:
        """Answer 200 when the update is durable, 503 when it cannot be made so now; Telegram repeats it then."""
        # The secret first: who does not know it cannot make us read a body.
        given = request.headers(SECRET_HEADER)
        if len(given) != 1 or not self._knows(given[0]):
            raise HttpRefusal(401, "the secret token is missing or wrong")
        request.trust()
        update = await request.json(BODY_BYTES_MAX)
        try:
            await self.gateway.accept([update])
        except NotAnUpdate as error:
            raise HttpRefusal(400, str(error)) from None
        except (StoreUnavailable, TurnedAway):
            raise HttpRefusal(
                503, "the update cannot be kept now; send it again", [(b"retry-after", RETRY_S)]
            ) from None
        return _OK

    def _knows(self, given: bytes) -> bool:
        # Every secret is compared, each in constant time, so that nothing is told by how long it takes.
        return any([hmac.compare_digest(given, secret) for secret in self.secrets])


Check = Callable[[], Awaitable[None]]


@define
class Health:
    """``/healthz``: this process answers. ``/readyz``: what it needs answers too, which only our own side may ask."""

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


def web_app(health: Health, webhook: Webhook | None = None, metrics: Exposition | None = None) -> App:
    """Return the ASGI application of one listener of a service; one with metrics is for our own side."""
    routes = [Route("GET", "/healthz", health.healthz)]
    if webhook is not None:
        routes.append(Route("POST", WEBHOOK_PATH, _metered(webhook, webhook.requests)))
    if metrics is not None:
        routes.append(Route("GET", "/readyz", health.readyz))
        routes.append(Route("GET", METRICS_PATH, _metrics(metrics)))
    return App(routes, meter=webhook.listener if webhook is not None else None)


def _metered(handler: Handler, meter: RequestMeter) -> Handler:
    async def handle(request: Request) -> Response:
        began_s, status = time.perf_counter(), 500
        meter.under_way += 1
        try:
            response = await handler(request)
            status = response.status
            return response
        except HttpRefusal as refusal:
            status = refusal.status
            raise
        finally:
            meter.under_way -= 1
            meter.end(status, time.perf_counter() - began_s)

    return handle


def _metrics(exposition: Exposition) -> Handler:
    async def handle(request: Request) -> Response:
        accept = (request.header(b"accept") or b"").decode("latin-1")
        body, content_type = await exposition.render(accept)
        return Response(200, body, content_type.encode())

    return handle
