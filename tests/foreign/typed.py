"""JSON held against the types of two foreign libraries: what they cannot read, do not know, or would read otherwise.

aiogram's models check types and turn back into the JSON they came from; python-telegram-bot keeps what it does not
know in ``api_kwargs``. Neither refuses an unknown field by itself, so both are searched for them.

Not here: where the JSON comes from (``wire``).
"""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import aiogram.methods
import telegram
from aiogram.methods import Response, TelegramMethod
from pydantic import BaseModel, ValidationError
from telegram.warnings import PTBDeprecationWarning

Json = dict[str, Any]

METHODS: Mapping[str, type[TelegramMethod[Any]]] = {
    each.__api_method__: each
    for name in aiogram.methods.__all__
    if isinstance(each := getattr(aiogram.methods, name), type)
    and issubclass(each, TelegramMethod)
    and each is not TelegramMethod
}

# What Telegram's server sends for clients of old, though its documentation lists it no more
# (https://github.com/tdlib/telegram-bot-api, ``Client.cpp``), and so the libraries do not.
FOR_OLD_CLIENTS = frozenset({"new_chat_participant", "new_chat_member", "left_chat_participant"})
# aiogram still has these fields, too; those at the end are newer than python-telegram-bot's Bot API 10.0.
NOT_IN_PTB = FOR_OLD_CLIENTS | {
    "forward_from", "forward_from_chat", "forward_from_message_id", "forward_sender_name", "forward_date",
    "can_send_welcome_messages",
}  # fmt: skip
# python-telegram-bot warns of a field that Telegram's server still sends beside the new one.
PTB_WARNS_OF = r".*The parameter `correct_option_id` is deprecated"

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
    "getMyName": lambda result: telegram.BotName.de_json(result, None),
    "getMyDescription": lambda result: telegram.BotDescription.de_json(result, None),
    "getMyShortDescription": lambda result: telegram.BotShortDescription.de_json(result, None),
    "getChatMemberCount": lambda result: None,
    "sendMediaGroup": lambda result: telegram.Message.de_list(result, None),
    "copyMessage": lambda result: telegram.MessageId.de_json(result, None),
    "copyMessages": lambda result: telegram.MessageId.de_list(result, None),
    "forwardMessages": lambda result: telegram.MessageId.de_list(result, None),
    "stopPoll": lambda result: telegram.Poll.de_json(result, None),
    "createForumTopic": lambda result: telegram.ForumTopic.de_json(result, None),
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
    faults = _aiogram_faults(Response[METHODS[method].__returning__], answer, method)
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
        yield from (f"{path}.{name}" for name in set(value.model_extra or ()) - FOR_OLD_CLIENTS)
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _extras(each, f"{path}[{place}]")


def _ptb_faults(read: Callable[[], object], where: str) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", PTB_WARNS_OF, PTBDeprecationWarning)
            value = read()
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return [f"{where}: {type(error).__name__}: {error}"]
    return [f"{where}{path}: unknown to python-telegram-bot" for path in _kwargs(value)]


def _kwargs(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every field that a Telegram object was given and does not know."""
    if isinstance(value, telegram.TelegramObject):
        yield from (f"{path}.{name}" for name in set(value.api_kwargs) - NOT_IN_PTB)
        for name in value._get_attrs_names(include_private=False):
            yield from _kwargs(getattr(value, name, None), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _kwargs(each, f"{path}[{place}]")
