"""Reminders as the brain sees them: what one says, what became of it, and what a chat is told when it is met again.

Pure. Not here: when a reminder is due (``application.scheduler``), and whether it arrived (``application.sender``).
"""

from attrs import evolve, frozen

from application.agenda import Contact
from application.asking import buttons_of, instant_of
from application.digest import NOTHING_DUE, digest_of
from application.door import visit_of
from application.facts import Facts
from application.interpreter import parts_of, scope_of
from application.messages import addressed, spoken
from application.rounds import ignored
from application.taskfacts import waited_s
from domain.catalogue import SENDER_BULK
from domain.commands.base import TasksKnown
from domain.commands.views import Reader, reminder_rows, span
from domain.decisions import (
    ArrivedOccasion,
    Decision,
    Effect,
    Emit,
    KeepOccasion,
    MarkChat,
    PutTask,
    ResumeTasks,
    ToldOccasions,
)
from domain.envelope import Event, timestamp_of
from domain.errors import Transient
from domain.events.tasks import ReminderDue, ReminderKind, ReminderOutcome, ReminderSettled
from domain.events.telegram import CallbackReceived, MessageClass, MessageReceived, TelegramSend
from domain.scope import bot_and_chat
from domain.tasks.keys import instant_of as instant_in
from domain.tasks.keys import named_by
from domain.tasks.moves import planned
from domain.tasks.policy import ZONE, Policy
from domain.tasks.rules import LATE_AFTER_S
from domain.tasks.values import Kept, Late, Occasion, Status, Task
from domain.wording import Called, Listed, Said, Value

# Instants are kept to the microsecond, and told so by events.
_SAME_S = 0.000_002


def on_due(event: Event, facts: Facts) -> Decision:
    """Tell a chat of a task, if the occasion still stands; the message has the key of the occasion."""
    due = event.payload
    assert isinstance(due, ReminderDue)
    task = _task(due, facts)
    if task is None:
        return _elsewhere(due, facts)
    why = _gone_by(task, due) or _gave_way(task, due, facts)
    if why:
        named = named_by(due.reminder_key)
        kept = () if named is None else (_kept(task, named.bucket, Kept.SUPERSEDED, why),)
        return Decision(effects=kept, reason=why)
    late = _late(task, due, waited_s(event, facts.now), facts)
    if late.due is None:
        return Decision(effects=late.effects, reason="it expired while it waited")
    due = late.due
    scope = scope_of(due)
    assert scope is not None
    zone = facts.settings.get(scope.key, {}).get(ZONE)
    reader = Reader(facts.calendar, late.now or instant_of(event), zone, task.language, scope.is_private)
    if task.is_digest:
        told = digest_of(reader, facts.tasks[scope.key], due)
        if told is None:
            named = named_by(due.reminder_key)
            kept = () if named is None else (_kept(task, named.bucket, Kept.SKIPPED, NOTHING_DUE),)
            return Decision(effects=kept, reason=NOTHING_DUE)
        words, rows, reason = told.words, told.buttons, "the digest"
    else:
        words, rows = addressed(_words(reader, task, due), task.language), reminder_rows(task)
        reason = f"task {task.number}"
    send = TelegramSend(
        bot_id=due.bot_id, chat_id=due.chat_id, thread_id=due.thread_id, text=words.text, entities=words.entities,
        buttons=buttons_of(rows, task.language), message_class=MessageClass.REMINDER,
    )  # fmt: skip
    # By this key the ledger of deliveries settles the occasion once, whichever event asks for it.
    emit = Emit("reminder", send, target=SENDER_BULK, key=due.reminder_key)
    return Decision(events=(emit,), effects=late.effects, reason=reason)


@frozen
class _Late:
    """What a reminder that waited becomes; None: nothing is said. ``now`` is when it is seen from."""

    due: ReminderDue | None
    effects: tuple[Effect, ...] = ()
    now: float | None = None


def _late(task: Task, due: ReminderDue, waited_s: float, facts: Facts) -> _Late:
    """Let a reminder that waited be what one is that the scheduler comes to late (see ``domain.tasks.rules``)."""
    named = named_by(due.reminder_key)
    if not (waited_s or due.late_s) or named is None or due.kind is ReminderKind.DIGEST:
        return _Late(due)
    if waited_s and due.kind is ReminderKind.NAG and task.due_at is not None and task.due_at < facts.now:
        # Nothing was said of it for as long as it is due, as far as anybody knows who reads this.
        due = evolve(due, kind=ReminderKind.OCCURRENCE, late_s=int(facts.now - task.due_at))
    else:
        due = evolve(due, late_s=int(due.late_s + waited_s))
    if due.kind is ReminderKind.SKIPPED:
        return _Late(due, now=facts.now)
    by = f"late by {due.late_s} s"
    if task.late is Late.LABEL:
        return _Late(due, (_kept(task, named.bucket, Kept.LATE, by),), facts.now)
    # What is let go is not said again either.
    let_go = PutTask(planned(task, facts.now, Policy(waits_s=()), facts.calendar))
    effects = (_kept(task, named.bucket, Kept.SKIPPED, by), *(() if task.is_paused else (let_go,)))
    if task.late is Late.EXPIRE:
        return _Late(None, effects)
    return _Late(evolve(due, kind=ReminderKind.SKIPPED), effects, facts.now)


def _gave_way(task: Task, due: ReminderDue, facts: Facts) -> str:
    """Return that a later occasion of the task is on its way, too, where this one waited; nothing otherwise."""
    scope, named = scope_of(due), named_by(due.reminder_key)
    assert scope is not None
    known = facts.tasks.get(scope.key, TasksKnown()).occasions
    later = named is not None and any(
        each.task_id == task.task_id and each.kept in (Kept.FIRED, Kept.LATE)
        and each.bucket > instant_in(named.bucket) + _SAME_S
        for each in known
    )  # fmt: skip
    return "gave way to a later one" if later else ""


def _task(payload: ReminderDue | ReminderSettled, facts: Facts) -> Task | None:
    scope = scope_of(payload)
    assert scope is not None
    return facts.tasks.get(scope.key, TasksKnown()).by_id.get(payload.task_id)


def _elsewhere(payload: ReminderDue | ReminderSettled, facts: Facts) -> Decision:
    """Let a reminder follow to the supergroup that has its task now; without one the task is gone.

    Raises Transient for what must not be dropped: that a reminder may be missing, or that its chat is gone.
    """
    scope = scope_of(payload)
    assert scope is not None
    new = facts.moved.get(scope.key)
    if (
        new is None
        and isinstance(payload, ReminderSettled)
        and payload.outcome is not ReminderOutcome.DELIVERED
    ):
        # Where a group became a supergroup, what is told by the one may come before the other's tasks have moved.
        raise Transient("the chat has no such task, perhaps not yet")
    if new is None:
        return ignored("the task is gone")
    _, chat_id = bot_and_chat(new)
    # The event keeps its key, by which its occasion is known.
    key = payload.reminder_key if isinstance(payload, ReminderDue) else None
    return Decision(
        events=(Emit("moved", evolve(payload, chat_id=chat_id), key=key),),
        reason="the group became a supergroup",
    )


def _gone_by(task: Task, due: ReminderDue) -> str:
    """Return why an occasion does not stand any more; nothing where it does."""
    if task.status is not Status.OPEN:
        return f"the task was {task.status.value} before it was said"
    if task.due_at is None:
        # What is said of a task without a time was asked for by hand, for the instant that its key has.
        named = named_by(due.reminder_key)
        by_hand = named is not None and named.bucket == due.due_at and due.kind is not ReminderKind.OCCURRENCE
        return "" if by_hand else "the task has no time any more"
    if abs(task.due_at - instant_in(due.due_at)) > _SAME_S:
        return "the task has another time by now"
    return ""


def _words(reader: Reader, task: Task, due: ReminderDue) -> Value:
    """Return what a reminder says: of what, why again or how late, and when it comes next."""
    at = reader.moment(instant_in(due.due_at), task.zone)
    is_past = instant_in(due.due_at) <= reader.now
    names: dict[str, Value] = {"title": task.title, "number": str(task.number)}
    lines: list[Value] = []
    if due.kind is ReminderKind.SKIPPED:
        lines += [
            Said("reminder.missed", names),
            Said("reminder.missed_by", {"at": at, "late": span(due.late_s)}),
        ]
    elif due.kind is ReminderKind.NAG and task.due_at is not None and is_past:
        lines += [Said("reminder.again", names), Said("reminder.was_due", {"at": at})]
    elif due.kind is ReminderKind.NAG and task.due_at is not None:
        lines += [Said("reminder.now", names), Said("reminder.is_due", {"at": at})]
    else:
        lines.append(Said("reminder.now", names))
        if due.late_s:
            lines.append(Said("reminder.late", {"at": at, "late": span(due.late_s)}))
        elif instant_in(due.due_at) < reader.now - LATE_AFTER_S:
            # Quiet hours put it off, which is not late.
            lines.append(Said("reminder.was_due", {"at": at}))
    if task.assigned_to is not None and task.assigned_to.name:
        called = Called(task.assigned_to.name, task.assigned_to.user_id)
        lines.append(Said("task.for", {"who": called}))
    following = (
        reader.calendar.next_after(task.rule, task.zone, reader.now) if task.rule is not None else None
    )
    if following is not None:
        lines.append(Said("reminder.next", {"next": reader.moment(following, task.zone)}))
    return Listed(tuple(lines))


def on_settled(event: Event, facts: Facts) -> Decision:
    """Keep what became of a reminder. Where its chat cannot be reached, the task waits for contact."""
    settled = event.payload
    assert isinstance(settled, ReminderSettled)
    task = _task(settled, facts)
    if task is None:
        return _elsewhere(settled, facts)
    is_occurrence = task.due_at is not None and abs(task.due_at - instant_in(settled.bucket)) <= _SAME_S
    if settled.outcome is ReminderOutcome.DELIVERED:
        effects: tuple[Effect, ...] = (ArrivedOccasion(task.task_id, instant_in(settled.bucket)),)
        if task.is_paused and is_occurrence and not task.times_said:
            # Somebody redrove what did not reach its chat, before the chat was in contact.
            effects = (*effects, PutTask(evolve(task, times_said=1)))
        return Decision(effects=effects, reason="it arrived")
    if settled.outcome is ReminderOutcome.STALE:
        return Decision(events=(_anew(task, settled, facts.now),), reason="what it says is decided anew")
    if settled.outcome is not ReminderOutcome.UNREACHABLE:
        reason = "whether it arrived is unknown"
        if settled.outcome is ReminderOutcome.FAILED:
            reason = "Telegram did not take it"
        return Decision(effects=(_kept(task, settled.bucket, Kept.AMBIGUOUS, reason),), reason=reason)
    reason = "the chat cannot be reached"
    effects = (_kept(task, settled.bucket, Kept.PAUSED, reason),)
    if task.status is Status.OPEN:
        # An occurrence that was not told is told once there is contact, not said again.
        waits = evolve(
            task, remind_at=None, is_paused=True, times_said=0 if is_occurrence else task.times_said
        )
        effects = (*effects, PutTask(waits))
    return Decision(effects=effects, reason=reason)


def _anew(task: Task, settled: ReminderSettled, now: float) -> Emit:
    """Return the event by which a reminder that waited for the sender is decided anew, under its key."""
    bucket, due_at = instant_in(settled.bucket), settled.bucket
    kind = ReminderKind.DIGEST if task.is_digest else ReminderKind.OCCURRENCE
    if task.due_at is None:
        kind = ReminderKind.NAG
    elif bucket > task.due_at + _SAME_S and not task.is_digest:
        kind, due_at = ReminderKind.NAG, timestamp_of(task.due_at)
    due = ReminderDue(
        task_id=task.task_id, bot_id=settled.bot_id, chat_id=settled.chat_id, user_id=settled.user_id,
        thread_id=settled.thread_id, title=task.title, due_at=due_at, reminder_key=settled.delivery_key,
        late_s=max(0, int(now - bucket)), kind=kind,
    )  # fmt: skip
    return Emit("anew", due, key=settled.delivery_key)


def _kept(task: Task, bucket: str, kept: Kept, reason: str) -> KeepOccasion:
    return KeepOccasion(Occasion(task.task_id, instant_in(bucket), kept, reason=reason))


def after_contact(event: Event, facts: Facts, decision: Decision) -> Decision:
    """Return the decision with what contact is for: paused tasks go on, and reminders that may be missing are told."""
    scope = scope_of(event.payload)
    contact = facts.contacts.get(scope.key) if scope is not None else None
    visit = visit_of(event.payload)
    if contact is None or visit is None or not facts.door.rights(visit).may_talk:
        return decision
    payload = event.payload
    assert isinstance(payload, MessageReceived | CallbackReceived)
    effects: tuple[Effect, ...] = ()
    if contact.has_paused or contact.is_unreachable:
        effects += (MarkChat(True), ResumeTasks())
    if contact.untold:
        effects += (_noted(contact),)
        text = spoken(_missing(event, facts, payload, contact), payload.language)
        decision = evolve(decision, events=_with(payload, decision.events, text))
    return evolve(decision, effects=decision.effects + effects)


def _noted(contact: Contact) -> ToldOccasions:
    occasions = [occasion for _, occasion in contact.untold]
    return ToldOccasions(tuple(each.task_id for each in occasions), tuple(each.bucket for each in occasions))


def _missing(
    event: Event, facts: Facts, payload: MessageReceived | CallbackReceived, contact: Contact
) -> Value:
    lines = []
    for task, occasion in contact.untold:
        reader = Reader(facts.calendar, instant_of(event), task.zone, payload.language)
        at = reader.moment(occasion.bucket, task.zone)
        names: dict[str, Value] = {"number": str(task.number), "title": task.title, "at": at}
        lines.append(Said("digest.untold", {"at": at}) if task.is_digest else Said("reminder.untold", names))
    return Listed(tuple(lines))


def _with(
    payload: MessageReceived | CallbackReceived, events: tuple[Emit, ...], text: str
) -> tuple[Emit, ...]:
    """Return the events with a text added to the answer; as a message of its own where there is no short one."""
    for n, emit in enumerate(events):
        if isinstance(emit.payload, TelegramSend) and emit.payload.chat_id == payload.chat_id:
            longer = evolve(emit, payload=evolve(emit.payload, text=f"{emit.payload.text}\n\n{text}"))
            if len(parts_of(longer)) == 1:
                return (*events[:n], longer, *events[n + 1 :])
    send = TelegramSend(
        bot_id=payload.bot_id, chat_id=payload.chat_id, thread_id=payload.thread_id, text=text
    )
    return (*events, Emit("missing", send))
