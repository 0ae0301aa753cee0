"""The parameters of a Bot API call as they come over HTTP: query, JSON, URL-encoded and multipart forms, files.

https://core.telegram.org/bots/api#making-requests. A file in a form becomes the parameter ``attach://`` and its name.
Not here: what the parameters mean (``adapters.botworld``).
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from adapters.asgi import JSON_TYPE, HttpRefusal, Request
from adapters.botworld import ApiError, Upload

FORM_TYPE = b"application/x-www-form-urlencoded"
MULTIPART_TYPE = b"multipart/form-data"
# What Telegram takes for a file, and room for the fields beside it (https://core.telegram.org/bots/api#sending-files).
BODY_BYTES_MAX = 51 * 1024 * 1024
PARTS_MAX = 1000
_BOUNDARY = re.compile(rb'boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))', re.IGNORECASE)
_PARAMETER = re.compile(r'(?:^|;)\s*(name|filename)="((?:[^"\\]|\\.)*)"')

Parameters = tuple[dict[str, Any], Mapping[str, Upload]]


async def parameters(request: Request) -> Parameters:
    """Return the parameters of a call and the files that came with it. Raises ApiError."""
    params: dict[str, Any] = dict(request.query())
    if request.method == "GET":
        return params, {}
    try:
        body = await request.body(BODY_BYTES_MAX)
    except HttpRefusal as refusal:
        text = "Request Entity Too Large" if refusal.status == 413 else f"Bad Request: {refusal.error}"
        raise ApiError(refusal.status, text) from None
    if not body:
        return params, {}
    given, files = read_body(request.header(b"content-type") or b"", body)
    return params | given, files


def read_body(content_type: bytes, body: bytes) -> Parameters:
    """Return the parameters and files in a body of this content type. Raises ApiError."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == JSON_TYPE:
        return _json(body), {}
    if kind == FORM_TYPE:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), {}
    if kind == MULTIPART_TYPE:
        found = _BOUNDARY.search(content_type)
        if found is None:
            raise ApiError(400, "Bad Request: boundary not found")
        return _multipart(found[1] or found[2], body)
    raise ApiError(415, "Unsupported Media Type: send JSON, a URL-encoded form, or a multipart form")


def _json(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ApiError(400, "Bad Request: can't parse JSON body") from None
    if not isinstance(given, dict):
        raise ApiError(400, "Bad Request: object expected as JSON body")
    return given


def _multipart(boundary: bytes, body: bytes) -> Parameters:
    params: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, PARTS_MAX + 1)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise ApiError(400, "Bad Request: the multipart form is not complete")
    for part in parts[1:-1]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head)
        names = dict(_PARAMETER.findall(headers.get("content-disposition", "")))
        if not separator or "name" not in names:
            raise ApiError(400, "Bad Request: a part of the multipart form has no name")
        name = _unquoted(names["name"])
        if "filename" in names:
            file_name = _unquoted(names["filename"])
            files[name] = Upload(file_name, len(content), headers.get("content-type", ""))
            params[name] = f"attach://{name}"
        else:
            params[name] = content.decode("utf-8", "replace")
    return params, files


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)
