"""The wording in English, which every other language falls back to. Not here: who is told what (the rules)."""

from collections.abc import Mapping

WORDING: Mapping[str, str] = {
    "start.first": (
        "Hello! I am OpenClaw. I keep your tasks and remind you of them. Try: /remind in 20 min take the cake out\n"
        "/help shows all that I can do."
    ),
    "start.again": "Welcome back. Send /help to see what I can do.",
    "help": "What I can do:\n{commands}",
    "api.is": "API mode: {mode}\nValid modes: {modes}",
    "api.set": "API mode is now {mode}.",
    "api.invalid": "That is not an API mode; nothing was changed.\nValid modes: {modes}",
    "admins_only": "Only admins of this bot may do that.",
    "status": "{report}",
    "unknown_command": "I do not know /{name}. Send /help to see what I can do.",
    "stale_button": "This button does nothing any more.",
    "late": "(Your message waited for {waited} until I could see it.)",
    "late_command": "That command is {waited} old, so I did not carry it out. Send it again if it still holds.",
    "edit.not_done": "I do not carry out an edited command. Send it again as a new message.",
    "edit.not_done_again": (
        "I do not carry out an edited command, and what it did before stays done. A new message can change that."
    ),
    "edit.stays_done": "What that message did stays done; editing it takes nothing back.",
    "edit.in_parts": "That answer took several messages, which I cannot change together. Send your message again.",
    "access.asked": (
        "I do not know you yet. Pass this line to whoever runs this bot; it works for an hour:\n"
        "/access approve {code}\n"
        "If you run it yourself, send me the line with /start that its terminal shows."
    ),
    "access.asked_group": (
        "This chat is not let in yet. An admin of this bot lets it in by sending me this line, within an hour:\n"
        "/access approve {code}"
    ),
    "access.wrong_code": "That is no code of mine, or it ran out or was used. Ask for a new one.",
    "access.invited_member": "You are let in. Send /help to see what I can do.",
    "access.invited_admin": "You are an admin of this bot now. /access shows who may talk to me.",
    "access.invited_owner": "You own this bot now. /access shows who may talk to me and lets others in.",
    "access.welcome": "You are let in now. Send /help to see what I can do.",
    "access.welcome_group": "I am let in here. I answer commands, replies to me, and whoever names me if I see it.",
    "access.list": "{people}\n\n/access approve CODE, /access revoke ID, /access invite",
    "access.usage": (
        "I do not understand that. Use:\n/access\n/access approve CODE or ID\n/access revoke ID\n/access invite\n"
        "The owner may put admin behind approve and invite."
    ),
    "access.owner_only": "Only the owner of this bot may do that.",
    "access.no_code": "Nobody asks by that code now. It may have run out; they get a new one when they write to me.",
    "access.already": "Nothing to do for {who}.",
    "access.named": "{who} is named in the settings of this bot, so it can only be changed there.",
    "access.approved": "{who} is let in as {standing}.",
    "access.revoked": "{who} may not talk to me any more.",
    "access.invited": "Whoever sends me this first within an hour is let in as {standing}:\n/start {code}",
    "access.in_private": "Ask me that in private: everybody here would see it.",
    "access.an_owner": "{who} owns this bot. Whoever runs it changes that, with openclaw access at the command line.",
    "standing.member": "member",
    "standing.admin": "admin",
    "letters.told": (
        "Something could not be done. Dead letters: {new} new since {since} UTC, {all} in all.\n"
        "{lines}\n"
        "They are kept, and nothing else waits for them. To see each with its reasons, and to decide what becomes of "
        "it, type on the machine that runs me:\n"
        "openclaw dlq list"
    ),
    "letters.line": "{number} × {type} ({target}): {cause}",
    "letters.others": "{number} others",
    "letters.unreadable": "unreadable",
    "cause.unreachable": "Telegram does not reach the chat",
    "cause.refused": "Telegram refused it",
    "cause.spent": "every attempt failed",
    "cause.unknown": "whether it arrived is unknown",
    "cause.ended_process": "it ended the process that handled it",
    "cause.unreadable": "it is no valid event",
    "cause.unhandled": "this version cannot handle it",
    "cause.restored": "it was due when a backup was restored",
    "cause.other": "it cannot be handled",
    "when.ask.which_hour": "Do you mean the morning or the afternoon? “{phrase}” can be either.",
    "when.ask.which_order": "Which is the day and which the month in “{phrase}”?",
    "when.ask.which_day": "Today or in a week? “{phrase}” can be either.",
    "when.ask.which_midnight": (
        "Which midnight do you mean by “{phrase}”: the one that begins the day or the one that ends it?"
    ),
    "when.ask.which_rule": "“{phrase}” can mean several things. Which one?",
    "when.ask.which_times": "At what times? “{phrase}” does not say. Do you mean this?",
    "when.ask.middle": "“{phrase}” stands within the text. Is it the time?",
    "when.ask.spelling": "I do not know the word “{word}”. Do you mean “{phrase}”?",
    "when.ask.what_time": "At what time? “{phrase}” does not say.",
    "when.ask.past": "“{phrase}” is past. Do you mean the next time?",
    "when.ask.several": "I see more than one time in “{phrase}”. Please write one.",
    "when.ask.weekday": "The weekday and the date in “{phrase}” do not fit. Which do you mean?",
    "when.ask.language": "“{phrase}” means different things in different languages. Which do you mean?",
    "when.ask.zone_abbreviation": (
        "{zone} stands for several time zones. Please write a city or an offset such as UTC+2."
    ),
    "when.no.no_time": (
        "I see no time in that. Write for example: tomorrow 9, in 20 min, 25 Dec 18:00, every weekday at 9."
    ),
    "when.no.not_understood": (
        "I do not understand “{phrase}” as a whole, so I take no part of it. Please write it differently."
    ),
    "when.no.past": "“{phrase}” is past.",
    "when.no.no_such_date": "“{phrase}” is a date that does not exist.",
    "when.no.no_such_time": "“{phrase}” is a time that does not exist.",
    "when.no.too_soon": "“{phrase}” is too soon; the least is a minute.",
    "when.no.too_far": "“{phrase}” is too far away; the most is {years} years.",
    "when.no.too_often": "“{phrase}” is too often; the most is every {minutes} minutes.",
    "when.no.too_many": "“{phrase}” is too many times; the most is {most}.",
    "when.no.too_long": "That is too long; the most is {most} characters.",
    "when.no.never": "“{phrase}” never happens.",
    "when.no.unknown_zone": "I do not know the time zone {zone}. Write a city or an offset such as UTC+2.",
    "when.no.not_together": "I cannot put the parts of “{phrase}” together. Please write it differently.",
    "when.note.middle": "“{other}” stayed in the text and sets no reminder, since a task has one time.",
    "when.note.gap": "{asked} does not exist that night, since the clock goes forward; it is {given} then.",
    "when.note.fold": "{asked} comes twice that night, since the clock goes back; the first is meant.",
}

SUMMARIES: Mapping[str, str] = {
    "start": "Say hello",
    "help": "Show what I can do",
    "task": "Note a task: /task Call mum tomorrow 9",
    "remind": "Remind me: /remind in 20 min take the cake out",
    "tasks": "List tasks: /tasks open, done, overdue, today, #tag or words",
    "done": "Say that tasks are done: /done 3 5",
    "undone": "Open a task again: /undone 3",
    "cancel": "Give a task up: /cancel 3",
    "edit": "Change a task: /edit 3 new text or time",
    "snooze": "Remind later: /snooze 3 in 2 h",
    "late": "Set what becomes of late reminders: /late 3 skip",
    "why": "Show what became of the reminders of a task: /why 3",
    "digest": "Tell me every day what is due: /digest 08:00",
    "timezone": "Show or set the time zone: /timezone Berlin",
    "quiet": "Show or set quiet hours: /quiet 22:00-07:00",
    "escalation": "Show or set how often I remind again of open tasks",
    "api": "Show the API mode; admins set it with /api <mode>",
    "status": "Show how the system is doing",
    "access": "Show and change who may talk to me; for admins",
}
