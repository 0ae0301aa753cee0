"""Files as bots name them: by ``file_id``, by URL, or uploaded with the call (https://core.telegram.org/bots/api#sending-files).

What is uploaded is not kept, and no URL is fetched. Not here: the messages that carry files (``api_sending``).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.botworld import params as read
from adapters.botworld.call import Call, Upload
from adapters.botworld.contents import ALBUM_KINDS
from adapters.botworld.values import Json, bad_request

UPLOAD_BYTES_MAX = 50 * 1024 * 1024
PHOTO_BYTES_MAX = 10 * 1024 * 1024
DOWNLOAD_BYTES_MAX = 20 * 1024 * 1024
_MEDIA_KINDS = ("photo", "video", "animation", "audio", "document")


def file_content(call: Call, kind: str, value: Any) -> Any:
    """Return the content for a file given as ``value``. Raises ApiError."""
    name = str(value or "")
    upload = call.files.get(name.removeprefix("attach://")) if name.startswith("attach://") else None
    if not name or (name.startswith("attach://") and upload is None):
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    if upload is not None:
        return _uploaded(call, kind, upload)
    if "://" in name:
        if urlsplit(name).scheme not in ("http", "https") or not urlsplit(name).hostname:
            raise bad_request("wrong HTTP URL specified")
        path = urlsplit(name).path
        return call.world.files.made(kind, _named(kind, path.rpartition("/")[2]))
    known = call.world.files.find(name)
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if known.kind != kind:
        was, wanted = (_type_name(one) for one in (known.kind, kind))
        raise bad_request(f"can't use file of type {was} as {wanted}")
    return known.content


def _type_name(kind: str) -> str:
    return kind.title().replace("_", "")


def _uploaded(call: Call, kind: str, upload: Upload) -> Any:
    if upload.size == 0:
        raise bad_request("file must be non-empty")
    if kind == "photo" and upload.size > PHOTO_BYTES_MAX:
        raise bad_request(
            f"file of size {upload.size} bytes is too big for a photo; the maximum size is "
            f"{PHOTO_BYTES_MAX} bytes"
        )
    given = _named(kind, upload.file_name)
    if kind == "document" and upload.mime_type:
        given["mime_type"] = upload.mime_type
    return call.world.files.made(kind, given, upload.size)


def _named(kind: str, file_name: str) -> Json:
    return (
        {"file_name": file_name} if file_name and kind in ("document", "video", "audio", "animation") else {}
    )


def media_fields(call: Call, item: Any, *, for_album: bool) -> Json:
    """Return the fields that an ``InputMedia`` makes in a message. Raises ApiError."""
    if not isinstance(item, Mapping):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind = item.get("type")
    if kind is None:
        raise bad_request("can't parse InputMedia: Can't find field \"type\"")
    caption = read.caption(item)
    if not item.get("media"):
        raise bad_request("can't parse InputMedia: media not found")
    if kind == "animation" and for_album:
        raise bad_request(f"can't parse InputMedia: type \"{kind}\" can't be used in sendMediaGroup")
    if kind not in (ALBUM_KINDS if for_album else _MEDIA_KINDS):
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    name = str(item["media"])
    if name.startswith("attach://") and name.removeprefix("attach://") not in call.files:
        raise bad_request("can't parse InputMedia: media not found")
    spoiler = {"has_media_spoiler": True} if item.get("has_spoiler") else {}
    return {str(kind): file_content(call, str(kind), name)} | caption | spoiler


def album_item(call: Call, item: Any) -> Json:
    """Return the fields that an item of an album makes in its message. Raises ApiError."""
    return media_fields(call, item, for_album=True)


def _get_file(call: Call) -> object:
    file_id = read.words(call.params, "file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    known = call.world.files.find(file_id)
    if known is None:
        raise bad_request("invalid file_id")
    content = known.content
    if isinstance(content, list):
        content = next(size for size in content if size["file_id"] == file_id)
    if content["file_size"] > DOWNLOAD_BYTES_MAX:
        raise bad_request("file is too big")
    names = {name: content[name] for name in ("file_id", "file_unique_id", "file_size")}
    return names | {"file_path": f"{known.kind}s/{file_id}"}


METHODS = {"getFile": _get_file}
