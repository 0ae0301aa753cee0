"""What a consumer has in hand: lanes in turn, bounded on every side, nothing lost but wake-ups."""

from uuid import UUID, uuid5

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from application.hand import LANE_ENTRIES_MAX, LANES_MAX, QUEUED_MAX, Hand
from application.ports import Entry, Wakeup


def ident(name: str) -> UUID:
    return uuid5(UUID(int=2), name)


def entry(number: int, lane: str = "1:1") -> Entry:
    """Return the entry ``e<number>``, which wakes ``lane`` for the event of that name."""
    return Entry(f"e{number}", Wakeup("brain", lane, ident(f"e{number}"), 0, b""))


def test_lanes_are_taken_in_the_order_in_which_they_asked_and_each_once() -> None:
    hand = Hand()
    assert hand.add([entry(1, "a"), entry(2, "b"), entry(3, "a"), entry(4, "c")]) == []
    assert hand.take(2) == ["a", "b"]
    assert hand.take(10) == ["c"]
    assert hand.take(10) == [], "all are busy"
    hand.add([entry(5, "a")])
    assert hand.take(10) == [], "a busy lane is not taken again"
    hand.give_back("a")
    assert hand.take(10) == ["a"]


def test_settling_gives_the_entries_of_the_event_and_a_lane_without_entries_is_let_go() -> None:
    hand = Hand()
    hand.add([entry(1), entry(2)])
    hand.take(1)
    assert hand.settle("1:1", ident("e1")) == ["e1"]
    assert hand.settle("1:1", ident("e1")) == []
    assert hand.settle("unknown", ident("e1")) == []
    hand.give_back("1:1")
    assert hand.take(1) == ["1:1"], "it has another entry"
    assert hand.settle("1:1", ident("e2")) == ["e2"]
    hand.give_back("1:1")
    assert (len(hand), hand.has_ready) == (0, False)


def test_several_entries_of_one_event_are_settled_together() -> None:
    hand = Hand()
    hand.add([entry(1), Entry("again", entry(1).wakeup)])
    assert hand.settle("1:1", ident("e1")) == ["e1", "again"]


def test_a_flood_of_one_lane_is_let_go_of_and_its_lane_asks_again() -> None:
    hand = Hand()
    let_go = hand.add([entry(n) for n in range(10)])
    assert let_go == [f"e{n}" for n in range(LANE_ENTRIES_MAX, 10)]
    hand.take(1)
    for n in range(LANE_ENTRIES_MAX):
        hand.settle("1:1", ident(f"e{n}"))
    hand.give_back("1:1")
    assert hand.take(1) == ["1:1"], "more rows may stand behind those whose entries were kept"


def test_more_lanes_than_there_is_room_for_are_let_go_of() -> None:
    hand = Hand()
    assert hand.add([entry(n, f"1:{n}") for n in range(LANES_MAX)]) == []
    assert hand.is_full
    assert hand.add([entry(LANES_MAX, "one more"), entry(LANES_MAX + 1, "1:0")]) == [f"e{LANES_MAX}"]
    hand.wake(["another"], 0.0)
    assert len(hand) == LANES_MAX


def test_entries_that_are_no_wake_up_are_let_go_of_at_once() -> None:
    assert Hand().add([Entry("strange", None)]) == ["strange"]


def test_a_timer_wakes_its_lane_at_its_time_and_the_last_one_set_counts() -> None:
    hand = Hand()
    hand.wake_at("a", 10.0)
    hand.wake_at("b", 5.0)
    hand.wake_at("a", 7.0)
    assert hand.ring(4.0) == 5.0
    assert not hand.has_ready
    hand.ring(6.0)
    assert hand.take(10) == ["b"]
    hand.ring(7.0)
    assert hand.take(10) == ["a"]
    assert hand.ring(11.0) is None
    assert not hand.has_ready, "the timer that was replaced says nothing"


def test_the_sweep_leaves_a_lane_to_its_timer_that_rings_soon() -> None:
    hand = Hand()
    hand.wake_at("a", 10.0)
    hand.wake(["a", "b"], 9.5)
    assert hand.take(10) == ["b"]
    hand.wake(["a"], 2.0)
    assert hand.take(10) == ["a"], "a timer far off does not keep a due row waiting"


def test_dropping_a_lane_gives_the_entries_that_it_was_taken_with() -> None:
    hand = Hand()
    hand.add([entry(1), entry(2)])
    assert hand.entry_ids == {"e1", "e2"}
    hand.take(1)
    assert hand.drop("1:1") == ["e1", "e2"]
    assert hand.drop("1:1") == []
    assert (len(hand), hand.has_ready, hand.entry_ids) == (0, False, set())


def test_what_comes_while_a_lane_is_busy_outlives_its_being_dropped() -> None:
    hand = Hand()
    hand.add([entry(1)])
    hand.take(1)
    hand.add([entry(2), Entry("again", entry(1).wakeup)])
    assert hand.settle("1:1", ident("e1")) == ["e1", "again"]
    assert hand.drop("1:1") == [], "its row may be younger than what the round has read"
    assert hand.take(1) == ["1:1"]
    assert hand.drop("1:1") == ["e2"]
    assert len(hand) == 0


def test_a_lane_at_rest_waits_for_a_timer_or_an_entry() -> None:
    hand = Hand()
    hand.add([entry(1)])
    hand.take(1)
    hand.rest("1:1")
    assert not hand.has_ready
    hand.wake_at("1:1", 1.0)
    hand.ring(1.0)
    assert hand.take(1) == ["1:1"]


def test_of_lanes_in_the_queue_the_first_few_go_on_when_it_is_time_and_more_if_none_comes_back() -> None:
    hand = Hand()
    places = {f"lane {n}": (True, str(n), 0) for n in (3, 1, 0, 6, 2, 4, 5)}
    hand.queue_up(places, at=10.0, ahead=2)
    assert (hand.take(10, 9.0), hand.ring(9.0), len(hand)) == ([], 10.0, 7)
    assert hand.take(10, 10.0) == ["lane 0", "lane 1"]
    assert hand.ring(10.0) is None, "it is time already"
    hand.queue_up({"lane 1": (True, "1", 0)}, at=11.0, ahead=1)
    hand.give_back("lane 0")
    hand.give_back("lane 1")
    assert hand.take(10, 11.0) == ["lane 1"]
    assert hand.take(10, 11.0) == ["lane 2", "lane 3"]
    assert hand.take(2, 11.0) == ["lane 4", "lane 5"], "never more than are asked for"


def test_whoever_comes_new_does_not_overtake_the_queue() -> None:
    hand = Hand()
    hand.queue_up({"old": (True, "1", 0)}, at=10.0, ahead=2)
    hand.add([entry(1, "new")])
    assert hand.take(10, 9.0) == ["old", "new"]


def test_a_lane_in_the_queue_is_left_there_by_entries_and_the_sweep() -> None:
    hand = Hand()
    hand.add([entry(1)])
    hand.take(1)
    hand.queue_up({"1:1": (True, "1", 0)}, at=10.0, ahead=1)
    hand.drop("1:1")
    hand.add([entry(2)])
    hand.wake(["1:1"], 5.0)
    assert hand.take(10, 9.0) == []
    assert hand.take(10, 10.0) == ["1:1"]
    assert hand.settle("1:1", ident("e2")) == ["e2"]


def test_a_queue_without_room_leaves_lanes_to_the_sweep() -> None:
    hand = Hand()
    hand.queue_up({str(n): (True, "", n) for n in range(QUEUED_MAX + 1)}, at=10.0, ahead=1)
    assert len(hand) == QUEUED_MAX


class HandMachine(RuleBasedStateMachine):
    """Any use of the hand: what went in and was not given out is in hand; a taken lane is not taken again."""

    def __init__(self) -> None:
        super().__init__()
        self.hand, self.count, self.now = Hand(), 0, 0.0
        self.inside: dict[str, str] = {}
        self.busy: list[str] = []
        self.queued: set[str] = set()

    @rule(lane=st.sampled_from("abc"))
    def add(self, lane: str) -> None:
        self.count += 1
        if not self.hand.add([entry(self.count, lane)]):
            self.inside[f"e{self.count}"] = lane

    @rule(limit=st.integers(0, 3))
    def take(self, limit: int) -> None:
        taken = self.hand.take(limit, self.now)
        assert len(taken) <= limit
        assert not set(taken) & set(self.busy)
        self.busy += taken
        self.queued -= set(taken)

    @rule()
    def settle(self) -> None:
        if self.inside:
            name, lane = next(iter(self.inside.items()))
            assert self.hand.settle(lane, ident(name)) == [name]
            del self.inside[name]

    @rule()
    def give_back(self) -> None:
        if self.busy:
            self.hand.give_back(self.busy.pop(0))

    @rule(seconds=st.floats(0, 2), ahead=st.integers(1, 3), place=st.sampled_from("xyz"))
    def queue_up(self, seconds: float, ahead: int, place: str) -> None:
        if self.busy:
            name = self.busy.pop()
            self.queued.add(name)
            self.hand.queue_up({name: (True, place, 0)}, self.now + seconds, ahead)
            for gone in self.hand.drop(name):
                del self.inside[gone]

    @rule(seconds=st.floats(0, 2))
    def time(self, seconds: float) -> None:
        self.now += seconds
        self.hand.ring(self.now)

    @rule(lane=st.sampled_from("abcd"))
    def wake(self, lane: str) -> None:
        self.hand.wake([lane], self.now)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.hand.entry_ids == set(self.inside)

    @invariant()
    def every_lane_with_entries_is_ready_or_busy_or_queued(self) -> None:
        assert self.hand.has_ready or not set(self.inside.values()) - set(self.busy) - self.queued


TestHandMachine = HandMachine.TestCase
TestHandMachine.settings = settings(derandomize=True, max_examples=60, stateful_step_count=40)
