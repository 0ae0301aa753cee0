"""JSON held against the types of two foreign libraries: what they cannot read, do not know, or would read otherwise.

aiogram's models check types and turn back into the JSON they came from; python-telegram-bot keeps what it does not
know in ``api_kwargs``. Neither refuses an unknown field by itself, so both are searched for them.

Not here: where the JSON comes from (``wire``).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import aiogram.methods
import telegram
from aiogram.methods import Response, TelegramMethod
from pydantic import BaseModel, ValidationError

Json = dict[str, Any]

METHODS: Mapping[str, type[TelegramMethod[Any]]] = {
    each.__api_method__: each
    for name in aiogram.methods.__all__
    if isinstance(each := getattr(aiogram.methods, name), type)
    and issubclass(each, TelegramMethod)
    and each is not TelegramMethod
}

# What python-telegram-bot makes of the results; it has no table of its own. A method that is not here returns True
# or a message.
PTB_RESULTS: Mapping[str, Callable[[Any], object]] = {
    "getMe": lambda result: telegram.User.de_json(result, None),
    "getUpdates": lambda result: telegram.Update.de_list(result, None),
    "getWebhookInfo": lambda result: telegram.WebhookInfo.de_json(result, None),
    "getMyCommands": lambda result: telegram.BotCommand.de_list(result, None),
    "getChat": lambda result: telegram.ChatFullInfo.de_json(result, None),
    "getChatMember": lambda result: telegram.ChatMember.de_json(result, None),
    "getChatAdministrators": lambda result: telegram.ChatMember.de_list(result, None),
    "getFile": lambda result: telegram.File.de_json(result, None),
}


def faults_of_request(method: str, params: Mapping[str, object]) -> list[str]:
    """Return what is wrong with a request as aiogram's type of ``method`` sees it."""
    if method not in METHODS:
        return [f"{method}: there is no such method"]
    return _aiogram_faults(METHODS[method], dict(params), method)


def faults_of_update(update: Json) -> list[str]:
    """Return what is wrong with an update as either library sees it."""
    kind = next((name for name in update if name != "update_id"), "update")
    faults = _aiogram_faults(aiogram.types.Update, update, kind)
    return faults + _ptb_faults(lambda: telegram.Update.de_json(update, None), f"ptb {kind}")


def faults_of_answer(method: str, answer: Json) -> list[str]:
    """Return what is wrong with the Bot API's answer to ``method`` as either library sees it."""
    faults = _aiogram_faults(Response[METHODS[method].__returning__], answer, method)  # type: ignore[name-defined]
    if not answer["ok"]:
        return faults  # python-telegram-bot has no type for a refusal
    result = answer["result"]
    if method in PTB_RESULTS:
        faults += _ptb_faults(lambda: PTB_RESULTS[method](result), f"ptb {method}")
    elif isinstance(result, dict):
        faults += _ptb_faults(lambda: telegram.Message.de_json(result, None), f"ptb {method}")
    elif result is not True:
        faults.append(f"{method}: returned neither a message nor True")
    return faults


def _aiogram_faults(kind: type[BaseModel], content: Json, where: str) -> list[str]:
    try:
        model = kind.model_validate(content)
    except ValidationError as error:
        return [f"{where}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    faults = [f"{where}{path}: unknown to aiogram" for path in _extras(model)]
    again = json.loads(model.model_dump_json(by_alias=True, exclude_unset=True, warnings=False))
    return faults or [f"{where}: aiogram reads {again} in {content}"] * (again != content)


def _extras(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every field in a model that its class does not declare."""
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _extras(each, f"{path}[{place}]")


def _ptb_faults(read: Callable[[], object], where: str) -> list[str]:
    try:
        value = read()
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return [f"{where}: {type(error).__name__}: {error}"]
    return [f"{where}{path}: unknown to python-telegram-bot" for path in _kwargs(value)]


def _kwargs(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every field that a Telegram object was given and does not know."""
    if isinstance(value, telegram.TelegramObject):
        yield from (f"{path}.{name}" for name in value.api_kwargs)
        for name in value._get_attrs_names(include_private=False):
            yield from _kwargs(getattr(value, name, None), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _kwargs(each, f"{path}[{place}]")
