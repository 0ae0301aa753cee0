"""The wording about tasks, reminders and times in English."""

from collections.abc import Mapping

WORDING: Mapping[str, str] = {
    "lines": "{lines}",
    # Making and changing
    "task.usage": (
        "What is to be done? For example:\n/task Buy milk\n/task Call mum tomorrow 9\n"
        "/task Water the plants every monday at 18:00 !high #home\nIn a group: /task @ann Buy milk"
    ),
    "remind.usage": "When, and of what? For example:\n/remind in 20 min take the cake out",
    "remind.no_time": "I found no time in that, so I made nothing. For example:\n/remind tomorrow 9 call mum",
    "task.no_title": "I understood the time, but not what is to be done. Put that beside it.",
    "task.too_long": "That is too long for a task: at most {most} characters. Nothing was changed.",
    "task.too_many_tags": "Those are too many tags for one task: at most {most}. Nothing was changed.",
    "task.too_many": "{most} tasks are open here, and more I do not keep. Finish or cancel some first.",
    "task.made": "Noted.\n{task}",
    "task.changed": "Changed.\n{task}",
    "task.head": "Task {number}: {title}",
    "task.timeless": "No time: I do not remind of it.",
    "task.for": "for {who}",
    "task.made_by": "Made by {who}",
    "task.closed_by": "by {who}",
    "task.overdue": "overdue",
    "task.unknown": "There is no task {number} here. /tasks shows what there is.",
    "task.done": "Done: {number}. {title}",
    "task.done_next": "Done for now: {number}. {title}\nNext: {next}",
    "task.cancelled": "Cancelled: {number}. {title}",
    "task.opened": "Open again.\n{task}",
    "task.already_open": "It is open already: {number}. {title}",
    "task.already_done": "It was done already: {number}. {title}",
    "task.already_cancelled": "It was cancelled: {number}. {title}",
    "task.is_closed": "Task {number} is closed: {title}\n/undone {number} opens it again.",
    "numbers.usage": (
        "Which task? Send its number, or up to {most}: /{name} 3 or /{name} 3 5\n/tasks shows the numbers."
    ),
    "edit_task.usage": (
        "Send the number and what is to be different: /edit 3 Buy oat milk, or /edit 3 tomorrow 9\n"
        "Without a time: /edit 3 never"
    ),
    "snooze.usage": "Send the number and until when: /snooze 3 in 2 h, or /snooze 3 tomorrow 9",
    "snooze.when": "Until when? {number}. {title}",
    "snooze.no_time": "I do not understand that as one time, so nothing was changed. For example: /snooze 3 in 2 h",
    "snooze.once": "A snooze is until one time. To repeat a task, use /edit.",
    "snooze.until": "Put off: {number}. {title}\nNext reminder: {until}",
    "snooze.comes_before": "It comes again before that: {number}. {title}\nNext reminder: {until}",
    "late.usage": (
        "What shall I do with a reminder that is late, because I did not run at its time?\n"
        "/late {number} label: say it, and by how much it is late\n/late {number} skip: leave it out and say so\n"
        "/late {number} expire: leave it out silently"
    ),
    "late.now": "Now: {now}",
    "late.label": "say it, and by how much it is late",
    "late.skip": "leave it out and say so",
    "late.expire": "leave it out silently",
    "late.set": "When a reminder of task {number} is late: {what}.",
    # Lists
    "tasks.open": "Open tasks",
    "tasks.done": "Done tasks",
    "tasks.overdue": "Overdue tasks",
    "tasks.today": "Overdue and due today",
    "tasks.all": "All tasks",
    "tasks.tagged": "Open tasks with #{tag}",
    "tasks.found": "Tasks with “{words}”",
    "tasks.list": "{what} ({total}):\n{tasks}",
    "tasks.page": "{what} ({total}), page {page} of {pages}:\n{tasks}",
    "tasks.beginning": "{what} ({total}), the first of them; search for more words to see fewer:\n{tasks}",
    "tasks.none": "{what}: none.",
    "tasks.none_yet": "{what}: none. To note one: /task Buy milk",
    "tasks.no_page": "{what} ({total}): there is no page {page} any more.",
    # Time
    "time.refused": "{why} Nothing was changed.",
    "time.which": "{why} Choose:",
    "time.none": "None: it is a part of the text",
    "doubt.middle": (
        "“{phrase}” within the text was not taken as a time and sets no reminder. To be reminded then: "
        "/edit {number} {phrase}"
    ),
    "doubt.spelling": (
        "I do not know the word “{word}”, so it sets no reminder. If you mean “{phrase}”: /edit {number} {phrase}"
    ),
    "doubt.not_understood": (
        "I do not understand “{phrase}” as a time, so it sets no reminder. Say it in other words, for example: "
        "/edit {number} tomorrow 9"
    ),
    "zone.needed": (
        "For that I need to know the time zone here. Send a place or an offset, and I go on with it:\n"
        "/timezone Berlin\n/timezone +05:30"
    ),
    "zone.none": "I do not know the time zone here. Send a place or an offset: /timezone Berlin, /timezone +05:30",
    "zone.is": "The time zone here is {zone}, where it is {now}. To change it: /timezone Berlin",
    "zone.unknown": (
        "I know no time zone by that name. Send a larger city near you or an offset: /timezone Berlin, /timezone +05:30"
    ),
    "zone.alike": "I know no place by exactly that name. If it is one of these, choose:",
    "zone.which": "That may be several time zones. Choose:",
    "zone.set": "The time zone here is now {zone}, where it is {now}.",
    "zone.changed": "The time zone here is now {zone}, where it is {now}. Tasks that exist keep their time zone.",
    # Habits
    "quiet.none": "There are no quiet hours here. To set them: /quiet 22:00-07:00",
    "quiet.is": "Quiet hours here: {hours}. Only !high tasks remind in them. To end that: /quiet off",
    "quiet.set": "Quiet hours here are now {hours}. Reminders wait until they are over, except for !high tasks.",
    "quiet.off": "There are no quiet hours here any more.",
    "quiet.waits": (
        "That is in the quiet hours ({hours}): the reminder comes {until}. Of a !high task it would come at its time."
    ),
    "quiet.usage": "I do not understand that. For example: /quiet 22:00-07:00, or /quiet off",
    "escalation.is": "I remind again of a task that stays open after its time: {waits}.",
    "escalation.set": "From now on I remind again of a task that stays open after its time: {waits}.",
    "escalation.waits": "after {waits}, each counted from the reminder before; of !high ones after half of that",
    "escalation.off": "I do not remind again of a task that stays open after its time.",
    "escalation.usage": (
        "I do not understand that. Up to {most} waits of a minute to 30 days, for example: /escalation 1h, 4h, 24h; "
        "or /escalation off, or /escalation default"
    ),
    # The digest of the day
    "digest.none": "There is no digest of the day here. To get one every day: /digest 08:00",
    "digest.is": (
        "Digest of the day: {when}. It lists what is overdue and what is due that day; on a day without any of that "
        "it stays away. To end it: /digest off"
    ),
    "digest.set": (
        "Digest of the day: {when}. It will list what is overdue and what is due that day; on a day without any of "
        "that it stays away."
    ),
    "digest.off": "There is no digest of the day here any more.",
    "digest.usage": (
        "I do not understand that as one time of day by the clocks here. For example: /digest 08:00, or /digest off"
    ),
    "digest.follows": "The digest of the day goes by the new one, at {time}.",
    "digest.late": "This digest is late by {late}: it was meant for {at}.",
    "digest.untold": "A digest of the day may not have reached this chat, {at}. /tasks today shows what is due.",
    # The ledger
    "why.usage": "Which task? Send its number: /why 3",
    "why.next": "Next reminder: {next}",
    "why.no_next": "No further reminder is planned.",
    "why.untimed": "It has no time, so there is no reminder. To set one: /edit {number} tomorrow 9",
    "why.waits_for_contact": "Its reminders wait, since this chat could not be reached.",
    "why.nothing_yet": "There was no reminder of it yet.",
    "why.done": "It is done.",
    "why.done_by": "It was done by {who}.",
    "why.cancelled": "It was cancelled.",
    "why.cancelled_by": "It was cancelled by {who}.",
    "kept.fired": "{at}: reminded",
    "kept.late": "{at}: reminded late",
    "kept.skipped": "{at}: left out",
    "kept.superseded": "{at}: not said, since a later one or what somebody did took its place",
    "kept.paused": "{at}: waits, the chat could not be reached",
    "kept.ambiguous": "{at}: may not have arrived",
    # Reminders
    "reminder.now": "⏰ {title}\n(task {number})",
    "reminder.again": "⏰ Still open: {title}\n(task {number})",
    "reminder.missed": "I missed a reminder and left it out, as set: {title}\n(task {number})",
    "reminder.was_due": "It was due {at}.",
    "reminder.is_due": "It is due {at}.",
    "reminder.late": "This is late by {late}: it was due {at}.",
    "reminder.missed_by": "It was due {at}, {late} ago.",
    "reminder.next": "Next: {next}",
    "reminder.untold": "A reminder may not have reached this chat: {number}. {title}, {at}",
    # Buttons
    "button.done": "Done",
    "button.undo": "Undo",
    "button.s10": "10 min",
    "button.s60": "1 h",
    "button.stom": "Tomorrow",
    "button.skip": "Skip this one",
    "button.stop": "Stop repeating",
    "press.task": "{task}\n{state}",
    "press.page": "Page {page}",
    "press.chosen": "All right.",
    "press.done": "Done.",
    "press.opened": "It is open again.",
    "press.snoozed": "Put off: {until}",
    "press.skipped": "Left out.",
    "press.stopped": "It does not repeat any more.",
    "press.was_done": "✓ Done",
    "press.was_done_by": "✓ Done by {who}",
    "press.was_opened": "Open again",
    "press.was_opened_by": "Opened again by {who}",
    "press.was_snoozed": "Put off: {until}",
    "press.was_snoozed_by": "Put off by {who}: {until}",
    "press.was_skipped": "Left out this time. Next: {next}",
    "press.was_skipped_by": "Left out this time by {who}. Next: {next}",
    "press.was_stopped": "Repeating stopped",
    "press.was_stopped_by": "Repeating stopped by {who}",
    "press.already_done": "It was done already.",
    "press.already_cancelled": "It was cancelled.",
    "press.already_open": "It is open already.",
    "press.comes_before": "It comes again before that: {until}",
    "press.zone_needed": (
        "For that I need to know the time zone here. Send for example /timezone Berlin, then press again."
    ),
    "press.question_gone": "That question is not open any more. Send the command again if it still holds.",
    "press.not_yours": "Somebody else was asked. Send a command of your own.",
    "press.not_let_in": "You may not do that here.",
    # Days and lengths of time
    "day.yesterday": "yesterday {time}",
    "day.today": "today {time}",
    "day.tomorrow": "tomorrow {time}",
    "day.this_year": "{weekday} {day} {month} {time}",
    "day.other": "{weekday} {day} {month} {year} {time}",
    "weekday.0": "Mon",
    "weekday.1": "Tue",
    "weekday.2": "Wed",
    "weekday.3": "Thu",
    "weekday.4": "Fri",
    "weekday.5": "Sat",
    "weekday.6": "Sun",
    "month.1": "Jan",
    "month.2": "Feb",
    "month.3": "Mar",
    "month.4": "Apr",
    "month.5": "May",
    "month.6": "Jun",
    "month.7": "Jul",
    "month.8": "Aug",
    "month.9": "Sep",
    "month.10": "Oct",
    "month.11": "Nov",
    "month.12": "Dec",
    "span.minutes": "{n} min",
    "span.minutes_1": "{n} min",
    "span.hours": "{n} h",
    "span.hours_1": "{n} h",
    "span.days": "{n} days",
    "span.days_1": "{n} day",
    "priority.high": "!high",
    "priority.low": "!low",
}
