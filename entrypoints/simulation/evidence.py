"""A history as it is looked at: rows by their keys, copies of deliveries in the chats, and what may excuse what.

Not here: which message of a chat is of which delivery (``copies``), and what is right (the ``rules_`` modules).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from uuid import UUID

from attrs import field, frozen

from adapters.botworld import Effect
from adapters.botworld.record import End, MadeCall
from application.changes import AuditRow, Delivery
from application.letters import Letter
from application.records import AuditEntry
from domain.decisions import Outcome
from domain.notices import Cause, cause_of
from domain.scope import Scope, bot_and_chat
from entrypoints.simulation.copies import ANSWER, EDIT, SEND, Copy, Matching, is_reminder, words_of
from entrypoints.simulation.history import Deed, History, Kind, Mishap, OccasionKept
from entrypoints.simulation.standing import tokens_in

BRAIN, SENDER, GATEWAY, SCHEDULER, OPERATOR = "brain", "sender", "gateway", "scheduler", "operator"
METHODS = {SEND: "sendMessage", EDIT: "editMessageText", ANSWER: "answerCallbackQuery"}
# Between what happens and when its row says so, and between clocks that nobody set.
SLACK_S = 1.0
REDRIVEN_ALREADY = "owed already"


@frozen
class Violation:
    """A promise that was not kept: by which rule, what is wrong, and which message it concerns."""

    rule: str
    sentence: str
    token: str | None = None
    key: str | None = None
    trace: str | None = None


@frozen
class Seen:
    """A row of the audit and its place among all."""

    place: int
    entry: AuditEntry

    @property
    def row(self) -> AuditRow:
        """What it says."""
        return self.entry.row

    @property
    def role(self) -> str:
        """Who wrote it, without the number of a replica."""
        return self.entry.consumer.partition("-")[0]


def root_of(key: str) -> str:
    """Return the key of what a delivery, or any other event, began with."""
    return key.partition("/")[0]


@frozen(eq=False, slots=False)
class Evidence:
    """See the module. Everything is found once, when it is asked for first."""

    history: History = field()

    # Deeds

    @cached_property
    def deeds(self) -> dict[str, Deed]:
        """What was done, by the key of its update; what was only told once more is left out."""
        done = [deed for deed in self.history.deeds if deed.kind is not Kind.REPEAT and deed.key is not None]
        return {str(deed.key): deed for deed in done}

    @cached_property
    def by_token(self) -> dict[str, Deed]:
        """What was done, by its token."""
        return {deed.token: deed for deed in self.deeds.values()}

    @cached_property
    def told(self) -> Counter[str]:
        """How often each update was told, by its key."""
        return Counter({str(d.key): d.times_told for d in self.history.deeds if d.key is not None})

    def scope(self, deed: Deed) -> str:
        """Return whose data a deed concerns."""
        assert deed.key is not None
        return Scope(int(deed.key.split(":")[1]), deed.chat_id).key

    def violation(self, rule: str, sentence: str, key: str | None = None) -> Violation:
        """Return a violation that concerns the message with this key, or with one that came of it."""
        deed = self.deeds.get(root_of(key)) if key is not None else None
        rows = self.rows.get(key, []) if key is not None else []
        trace = next((seen.row.trace_id for seen in rows if seen.row.trace_id), None)
        token = deed.token if deed is not None else self._token_of_reminder(key)
        return Violation(rule, sentence, token, key, trace)

    def _token_of_reminder(self, key: str | None) -> str | None:
        if key is None or not is_reminder(key):
            return None
        task_id = root_of(key).split(":")[1]
        tasks = (task for task in self.history.standing.tasks if str(task.task_id) == task_id)
        return next((token for task in tasks for token in task.tokens), None)

    # Rows

    @cached_property
    def seen(self) -> list[Seen]:
        """All rows in their order."""
        return [Seen(place, entry) for place, entry in enumerate(self.history.audit)]

    @cached_property
    def rows(self) -> dict[str, list[Seen]]:
        """Rows by key. The event of a reminder and the delivery that it becomes share one."""
        found: dict[str, list[Seen]] = defaultdict(list)
        for seen in self.seen:
            if seen.row.idempotency_key is not None:
                found[seen.row.idempotency_key].append(seen)
        return dict(found)

    @cached_property
    def runs(self) -> dict[tuple[str, UUID], list[Seen]]:
        """Rows of runs of events, by who ran them and the event; with what an operator did to them."""
        found: dict[tuple[str, UUID], list[Seen]] = defaultdict(list)
        for seen in self.seen:
            row = seen.row
            if row.event_id is None or row.outcome is Outcome.ACCEPTED:
                continue
            role = seen.role if seen.role != OPERATOR else (row.target or "").partition("-")[0]
            if role in (BRAIN, SENDER):
                found[role, row.event_id].append(seen)
        return dict(found)

    def of(self, key: str, role: str, *outcomes: Outcome) -> list[Seen]:
        """Return the rows of a key that a service wrote, with one of these outcomes where any are named."""
        found = (seen for seen in self.rows.get(key, ()) if seen.role == role)
        return [seen for seen in found if not outcomes or seen.row.outcome in outcomes]

    def handled(self, key: str) -> Seen | None:
        """Return the row by which the brain was done with an event for good; None where it never was."""
        ends = self.of(key, BRAIN, Outcome.PROCESSED, Outcome.IGNORED)
        return ends[-1] if ends else None

    def ambiguous(self, key: str) -> list[Seen]:
        """Return the sender's rows of a delivery that say that nobody knows whether a call took effect."""
        return self.of(key, SENDER, Outcome.AMBIGUOUS)

    def unreached(self, key: str) -> int:
        """Return how often a reminder died since its chat could not be reached, for which it comes again."""
        if not is_reminder(key):
            return 0
        rows = self.of(key, SENDER, Outcome.DEAD_LETTERED)
        return sum(cause_of(seen.row.reason) is Cause.UNREACHABLE for seen in rows)

    def again(self, key: str) -> int:
        """Return how often an event came up again because a reminder did not reach its chat."""
        root = root_of(key)
        if is_reminder(key) and key != root:
            # How it ended is told each time, and it may end again in the same way.
            ends = self.of(root, SENDER, Outcome.DEAD_LETTERED, Outcome.PROCESSED)
            return max(0, len(ends) - 1)
        fired = len(self.of(key, SCHEDULER, Outcome.ACCEPTED))
        return min(self.unreached(key), max(0, fired - 1))

    def is_notice(self, key: str) -> bool:
        """Tell whether a delivery tells an admin of dead letters: the brain makes it, and its row says so."""
        return key.startswith("notice:") and bool(self.of(key, BRAIN, Outcome.ACCEPTED))

    @cached_property
    def sent(self) -> dict[str, str]:
        """The deliveries that the sender had to do with: key to the type of the event."""
        types = {
            str(seen.row.idempotency_key): seen.row.event_type
            for seen in self.seen
            if seen.role == SENDER and seen.row.event_type in METHODS and seen.row.idempotency_key
        }
        return {key: str(event_type) for key, event_type in types.items()}

    # The ledgers

    @cached_property
    def deliveries(self) -> dict[str, Delivery]:
        """What the ledger says, by key."""
        return {each.key: each for each in self.history.standing.deliveries}

    @cached_property
    def letters(self) -> dict[str, list[Letter]]:
        """Dead letters by key."""
        found: dict[str, list[Letter]] = defaultdict(list)
        for letter in self.history.letters:
            found[letter.idempotency_key or str(letter.event_id)].append(letter)
        return dict(found)

    def is_buried(self, key: str) -> bool:
        """Tell whether an event is a dead letter, or was one that an operator discarded."""
        return key in self.letters or any(
            seen.row.outcome is Outcome.DISCARDED for seen in self.rows.get(key, ())
        )

    @cached_property
    def occasions(self) -> dict[tuple[UUID, int], OccasionKept]:
        """The ledger of reminders, by task and microseconds since the epoch."""
        return {(o.task_id, round(o.bucket * 1e6)): o for o in self.history.standing.occasions}

    # Chats

    @cached_property
    def copies(self) -> dict[str, list[Copy]]:
        """The messages of each delivery, in the order in which they came."""
        chats = {
            key: seen.row.scope for key in self.sent for seen in reversed(self.rows[key]) if seen.row.scope
        }
        doubts = {key: [seen.entry.at for seen in self.ambiguous(key)] for key in self.sent}
        return Matching(
            self.sends, self.deliveries, self.history.letters, self.sent,
            {key: bot_and_chat(scope)[1] for key, scope in chats.items()}, doubts, self.by_token,
            self.history.standing.tasks,
        ).copies()  # fmt: skip

    @cached_property
    def sends(self) -> list[Effect]:
        """The messages that reached chats."""
        return [effect for effect in self.history.effects if effect.method == METHODS[SEND]]

    @cached_property
    def corrected(self) -> dict[int, set[str]]:
        """The tokens in changes of messages, by chat."""
        found: dict[int, set[str]] = defaultdict(set)
        for effect in self.history.effects:
            if effect.method == METHODS[EDIT]:
                found[effect.chat_id].update(effect_tokens(effect))
        return found

    # Excuses

    @cached_property
    def slack_s(self) -> float:
        """By how much the clocks of the world and of the store may differ."""
        ahead = list(accumulate((mishap.by_s for mishap in self.history.mishaps), initial=0.0))
        return SLACK_S + max(ahead) - min(ahead)

    def mishaps(self, begin: float, end: float, *who: str, event_id: UUID | None = None) -> list[Mishap]:
        """Return the faults that hit any of these, roles or servers, meanwhile, and that may concern the event."""
        return [
            each for each in self.history.mishaps
            if each.who.partition("-")[0] in who
            and each.at <= end + self.slack_s and each.until >= begin - self.slack_s
            and (each.claimed is None or event_id is None or event_id in each.claimed)
        ]  # fmt: skip

    def begin_of(self, key: str) -> float:
        """Return when an event may have come up first."""
        deed = self.deeds.get(root_of(key))
        rows = self.rows.get(root_of(key)) or self.rows.get(key, [])
        times = [seen.entry.at for seen in rows[:1]]
        return min([*times, *([deed.at] if deed is not None else [])], default=float("-inf"))

    @cached_property
    def _calls_of(self) -> dict[tuple[str, int | None], list[MadeCall]]:
        found: dict[tuple[str, int | None], list[MadeCall]] = defaultdict(list)
        for call in self.history.calls:
            found[call.method, call.chat_id].append(call)
        return found

    def calls(self, key: str) -> list[MadeCall]:
        """Return the calls that may be a delivery's: to its chat, with its words, or its task's, where known."""
        event_type = self.sent.get(key, SEND)
        scope = next((seen.row.scope for seen in self.rows.get(key, ()) if seen.row.scope), "")
        chat_id = bot_and_chat(scope)[1] if scope and event_type != ANSWER else None
        made = self._calls_of.get((METHODS[event_type], chat_id), [])
        if is_reminder(key):
            # It says how late it is, so one that comes again has other words.
            token = self._token_of_reminder(key)
            return [call for call in made if token is None or token in (call.text or "")]
        words = {words_of(copy.effect.text) for copy in self.copies.get(key, ())}
        return [call for call in made if words_of(call.text) in words] if words else made

    def unanswered(self, key: str, until: float) -> bool:
        """Tell whether a call for a delivery got no answer until then."""
        begin = self.begin_of(key) - self.slack_s
        return any(
            call.end is End.UNANSWERED and begin <= call.ended_at and call.began_at <= until + self.slack_s
            for call in self.calls(key)
        )


def effect_tokens(effect: Effect) -> tuple[str, ...]:
    """Return the tokens in what reached a chat."""
    return tokens_in(str(effect.params.get("text") or ""))


def is_rising(numbers: Iterable[int]) -> bool:
    """Tell whether no number is less than the one before it."""
    return all(a <= b for a, b in pairwise(numbers))


Violations = Sequence[Violation]
