"""Pushing updates to webhooks as Telegram does.

One chat's updates go in sequence, the next only after the one before was acknowledged with a 2xx; different chats
go in parallel over at most ``max_connections``. A failed delivery is repeated for ever: at once the first time,
then after 2, 4, 8, ... seconds (tdlib/telegram-bot-api, ``WebhookActor.cpp``). An answer may carry a call of a method,
which is then made (https://core.telegram.org/bots/api#making-requests-when-getting-updates).

Not here: the queue (``adapters.botworld.updates``).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import httpx
import orjson
from attrs import frozen

from adapters.asgi import JSON_TYPE
from adapters.botworld import ApiError, Topic, World, receive
from adapters.botworld.updates import Pending, Webhook
from adapters.telegram.http import JSON_HEADERS, HttpAnswer, HttpCaller
from adapters.telegram.simulator.forms import FORM_TYPE, MULTIPART_TYPE, read_body
from domain.errors import TelegramError

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (a header's name)


@frozen
class PushPolicy:
    """How updates are pushed: the unit and the bound of the backoff, the bound of one delivery, all in seconds.

    ``deliveries`` is how often each update is delivered; over 1 it repeats what was acknowledged already.
    """

    retry_s: float = 1.0
    retry_s_max: float = 60.0
    answer_s_max: float = 60.0
    deliveries: int = 1


class Poster(Protocol):
    """How deliveries reach a webhook; ``HttpCaller`` is one."""

    async def post(self, url: httpx.URL, headers: httpx.Headers, body: bytes, timeout_s: float) -> HttpAnswer:
        """Post ``body`` and return the answer. Raises NotSent or NoAnswer."""

    async def aclose(self) -> None:
        """Close every connection."""


def over_http(webhook: Webhook) -> Poster:
    """Return a poster with as many connections as the webhook allows."""
    return HttpCaller(webhook.max_connections, tls=httpx.URL(webhook.url).scheme == "https")


class WebhookPusher:
    """Pushes the updates of every bot that has a webhook, for as long as it is open."""

    def __init__(
        self, world: World, policy: PushPolicy, poster: Callable[[Webhook], Poster] = over_http
    ) -> None:
        self.policy = policy
        self.poster = poster
        self._world = world
        self._pushes: dict[int, _Push] = {}
        world.listen(self._on_change)

    def _on_change(self, topic: Topic) -> None:
        if topic.kind == "webhook":
            self._restart(topic.owner_id)
        elif topic.kind == "updates" and (push := self._pushes.get(topic.owner_id)):
            push.take_in()

    def _restart(self, bot_id: int) -> None:
        if old := self._pushes.pop(bot_id, None):
            old.cancel()
        webhook = self._world.queues[bot_id].webhook
        if webhook is not None:
            self._pushes[bot_id] = _Push(self, self._world, bot_id, webhook)
            self._pushes[bot_id].take_in()

    async def aclose(self) -> None:
        """Stop pushing and close every connection."""
        self._world.unlisten(self._on_change)
        pushes, self._pushes = list(self._pushes.values()), {}
        for push in pushes:
            push.cancel()
        for push in pushes:
            await push.closed()


class _Push:
    """One bot's webhook at work: a lane per chat that has updates waiting."""

    def __init__(self, pusher: WebhookPusher, world: World, bot_id: int, webhook: Webhook) -> None:
        self._pusher = pusher
        self._world = world
        self._bot_id = bot_id
        self._queue = world.queues[bot_id]
        self._webhook = webhook
        self._url = httpx.URL(webhook.url)
        self._headers = JSON_HEADERS.copy()
        if webhook.secret_token:
            self._headers[SECRET_HEADER] = webhook.secret_token
        self._http = pusher.poster(webhook)
        self._connections = asyncio.Semaphore(webhook.max_connections)
        self._taken = 0
        self._lanes: dict[int, deque[Pending]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None

    def take_in(self) -> None:
        """Put updates that are new in the queue into the lanes of their chats."""
        for item in self._queue.pending(self._taken):
            self._taken = item.serial
            lane = self._lanes.get(item.chat_id)
            if lane is not None:
                lane.append(item)
                continue
            self._lanes[item.chat_id] = deque([item])
            task = asyncio.create_task(self._run(item.chat_id), name=f"webhook lane {item.chat_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """Stop every lane; what was not acknowledged stays in the queue."""
        for task in self._tasks:
            task.cancel()
        self._closing = asyncio.create_task(self._close(list(self._tasks)))

    async def closed(self) -> None:
        """Wait until ``cancel`` is done."""
        if self._closing is not None:
            await self._closing

    async def _close(self, tasks: list[asyncio.Task[None]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.aclose()

    async def _run(self, chat_id: int) -> None:
        lane = self._lanes[chat_id]
        try:
            while lane:
                for _ in range(self._pusher.policy.deliveries):
                    if self._queue.is_pending(lane[0].serial):
                        await self._deliver(lane[0].update["update_id"], orjson.dumps(lane[0].update))
                self._queue.forget(lane.popleft().serial)
        finally:
            del self._lanes[chat_id]

    async def _deliver(self, update_id: int, body: bytes) -> None:
        policy = self._pusher.policy
        delay_s = policy.retry_s
        failures = 0
        while True:
            self._world.record.told([update_id])
            if await self._post(body):
                return
            # Telegram repeats the first failure at once and doubles from then on.
            if failures:
                delay_s = min(delay_s * 2, policy.retry_s_max)
                await asyncio.sleep(delay_s)
            failures += 1

    async def _post(self, body: bytes) -> bool:
        async with self._connections:
            try:
                answer = await self._http.post(
                    self._url, self._headers, body, self._pusher.policy.answer_s_max
                )
            except TelegramError as error:
                self._failed(str(error))
                return False
        if 200 <= answer.status <= 299:
            self._perform(answer.body)
            return True
        known = answer.status in HTTPStatus._value2member_map_
        reason = HTTPStatus(answer.status).phrase if known else ""
        self._failed(f"Wrong response from the webhook: {answer.status} {reason}")
        return False

    def _perform(self, body: bytes) -> None:
        """Make the call that an answer carries, if it does; nobody is told what becomes of it."""
        try:
            params, files = read_body(_type_of(body), body)
            name = str(params.pop("method", ""))
            token = self._world.bots[self._bot_id].token
            if name and name.lower() != "getupdates":
                with receive(self._world, token, name, params, files) as call:
                    call.perform()
        except ApiError:
            return

    def _failed(self, text: str) -> None:
        self._webhook.last_error_date = int(self._world.now())
        self._webhook.last_error_message = text


def _type_of(body: bytes) -> bytes:
    """Return the content type that a body looks like: JSON, a multipart form, or a URL-encoded one."""
    if body.lstrip().startswith(b"{"):
        return JSON_TYPE
    if body.startswith(b"--"):
        return MULTIPART_TYPE + b"; boundary=" + body[2:].partition(b"\r\n")[0]
    return FORM_TYPE
