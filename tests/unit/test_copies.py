"""Messages of a chat that the ledger does not know are counted for the delivery whose call was never settled."""

from typing import Any

from adapters.botworld import Effect
from application.changes import Delivery
from entrypoints.simulation.copies import MARK, SEND, Matching

CHAT = 5
WORDS = "The provider is auto."


def said(seq: int, at: float, text: str = WORDS) -> Effect:
    return Effect(seq, 1, CHAT, "sendMessage", seq, at, {"text": text})


def matched(
    sends: list[Effect], became: dict[str, int], doubts: dict[str, list[float]]
) -> dict[str, list[int]]:
    """Return the numbers of the messages that each delivery has."""
    deliveries = {key: Delivery(key, f"1:{CHAT}", "delivered", number) for key, number in became.items()}
    given: dict[str, Any] = {"letters": [], "by_token": {}, "tasks": []}
    sent, chats = dict.fromkeys(became, SEND), dict.fromkeys(became, CHAT)
    found = Matching(sends, deliveries, sent=sent, chats=chats, doubts=doubts, **given).copies()
    return {key: [copy.effect.seq for copy in copies] for key, copies in found.items()}


def test_of_equal_words_a_copy_is_of_the_delivery_whose_row_says_so_next() -> None:
    sends = [said(1, 40.0, WORDS + MARK), said(2, 50.0), said(3, 90.0, WORDS + MARK)]
    doubts = {"a": [39.0], "b": [89.0]}
    assert matched(sends, {"a": 1, "b": 3}, doubts) == {"a": [1], "b": [2, 3]}
    sends = [said(1, 10.0), said(2, 40.0, WORDS + MARK), said(3, 90.0, WORDS + MARK)]
    assert matched(sends, {"a": 2, "b": 3}, doubts) == {"a": [1, 2], "b": [3]}


def test_a_row_explains_one_copy() -> None:
    sends = [said(1, 10.0), said(2, 11.0), said(3, 40.0, WORDS + MARK), said(4, 90.0, WORDS + MARK)]
    assert matched(sends, {"a": 3, "b": 4}, {"a": [39.0], "b": [89.0]}) == {"a": [1, 3], "b": [2, 4]}


def test_a_copy_that_no_row_explains_is_still_counted() -> None:
    assert matched([said(1, 10.0), said(2, 40.0)], {"a": 1}, {}) == {"a": [1, 2]}
    assert matched([said(1, 10.0), said(2, 40.0, "other words")], {"a": 1}, {}) == {"a": [1], "": [2]}
