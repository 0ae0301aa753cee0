"""The wording about tasks, reminders and times in German."""

from collections.abc import Mapping

WORDING: Mapping[str, str] = {
    "lines": "{lines}",
    # Making and changing
    "task.usage": (
        "Was ist zu tun? Zum Beispiel:\n/task Milch kaufen\n/task Mama anrufen morgen 9 Uhr\n"
        "/task Blumen gießen jeden Montag um 18:00 !hoch #haus\nIn einer Gruppe: /task @ann Milch kaufen"
    ),
    "remind.usage": "Wann, und woran? Zum Beispiel:\n/remind in 20 min Kuchen aus dem Ofen",
    "remind.no_time": (
        "Darin habe ich keine Zeit gefunden, also nichts angelegt. Zum Beispiel:\n/remind morgen 9 Uhr Mama anrufen"
    ),
    "task.no_title": "Die Zeit habe ich verstanden, aber nicht, was zu tun ist. Schreib das dazu.",
    "task.too_long": "Das ist zu lang für eine Aufgabe: höchstens {most} Zeichen. Nichts wurde geändert.",
    "task.too_many_tags": "Das sind zu viele Schlagwörter für eine Aufgabe: höchstens {most}. Nichts wurde geändert.",
    "task.too_many": "Hier sind {most} Aufgaben offen, mehr behalte ich nicht. Erledige oder streiche erst welche.",
    "task.made": "Notiert.\n{task}",
    "task.changed": "Geändert.\n{task}",
    "task.head": "Aufgabe {number}: {title}",
    "task.timeless": "Ohne Zeit: Ich erinnere nicht daran.",
    "task.for": "für {who}",
    "task.made_by": "Angelegt von {who}",
    "task.closed_by": "von {who}",
    "task.overdue": "überfällig",
    "task.unknown": "Aufgabe {number} gibt es hier nicht. /tasks zeigt, was es gibt.",
    "task.done": "Erledigt: {number}. {title}",
    "task.done_next": "Für diesmal erledigt: {number}. {title}\nNächstes Mal: {next}",
    "task.cancelled": "Gestrichen: {number}. {title}",
    "task.opened": "Wieder offen.\n{task}",
    "task.already_open": "Sie ist schon offen: {number}. {title}",
    "task.already_done": "Sie war schon erledigt: {number}. {title}",
    "task.already_cancelled": "Sie wurde gestrichen: {number}. {title}",
    "task.is_closed": "Aufgabe {number} ist abgeschlossen: {title}\n/undone {number} öffnet sie wieder.",
    "numbers.usage": (
        "Welche Aufgabe? Sende ihre Nummer, oder bis zu {most}: /{name} 3 oder /{name} 3 5\n"
        "/tasks zeigt die Nummern."
    ),
    "edit_task.usage": (
        "Sende die Nummer und was anders sein soll: /edit 3 Hafermilch kaufen, oder /edit 3 morgen 9 Uhr\n"
        "Ohne Zeit: /edit 3 ohne Zeit"
    ),
    "snooze.usage": "Sende die Nummer und bis wann: /snooze 3 in 2 h, oder /snooze 3 morgen 9 Uhr",
    "snooze.when": "Bis wann? {number}. {title}",
    "snooze.no_time": (
        "Das verstehe ich nicht als einen Zeitpunkt, also wurde nichts geändert. Zum Beispiel: /snooze 3 in 2 h"
    ),
    "snooze.once": "Aufschieben geht nur bis zu einem Zeitpunkt. Wiederholen lässt sich eine Aufgabe mit /edit.",
    "snooze.until": "Aufgeschoben: {number}. {title}\nNächste Erinnerung: {until}",
    "snooze.comes_before": "Sie kommt schon vorher wieder: {number}. {title}\nNächste Erinnerung: {until}",
    "late.usage": (
        "Was soll aus einer Erinnerung werden, die verspätet ist, weil ich zu ihrer Zeit nicht lief?\n"
        "/late {number} melden: sagen, und um wie viel sie verspätet ist\n"
        "/late {number} auslassen: auslassen und es sagen\n/late {number} verfallen: still auslassen"
    ),
    "late.now": "Jetzt: {now}",
    "late.label": "sagen, und um wie viel sie verspätet ist",
    "late.skip": "auslassen und es sagen",
    "late.expire": "still auslassen",
    "late.set": "Wenn eine Erinnerung von Aufgabe {number} verspätet ist: {what}.",
    # Lists
    "tasks.open": "Offene Aufgaben",
    "tasks.done": "Erledigte Aufgaben",
    "tasks.overdue": "Überfällige Aufgaben",
    "tasks.today": "Überfällig und heute fällig",
    "tasks.all": "Alle Aufgaben",
    "tasks.tagged": "Offene Aufgaben mit #{tag}",
    "tasks.found": "Aufgaben mit „{words}“",
    "tasks.list": "{what} ({total}):\n{tasks}",
    "tasks.page": "{what} ({total}), Seite {page} von {pages}:\n{tasks}",
    "tasks.beginning": "{what} ({total}), die ersten davon; suche nach mehr Wörtern, um weniger zu sehen:\n{tasks}",
    "tasks.none": "{what}: keine.",
    "tasks.none_yet": "{what}: keine. Eine notieren: /task Milch kaufen",
    "tasks.no_page": "{what} ({total}): eine Seite {page} gibt es nicht mehr.",
    # Time
    "time.refused": "{why} Nichts wurde geändert.",
    "time.which": "{why} Wähle:",
    "time.none": "Keine: es gehört zum Text",
    "doubt.middle": (
        "„{phrase}“ mitten im Text wurde nicht als Zeit genommen und setzt keine Erinnerung. Um dann erinnert zu "
        "werden: /edit {number} {phrase}"
    ),
    "doubt.spelling": (
        "Das Wort „{word}“ kenne ich nicht, also setzt es keine Erinnerung. Falls du „{phrase}“ meinst: "
        "/edit {number} {phrase}"
    ),
    "doubt.not_understood": (
        "„{phrase}“ verstehe ich nicht als Zeit, also setzt es keine Erinnerung. Sag es mit anderen Worten, zum "
        "Beispiel: /edit {number} morgen 9 Uhr"
    ),
    "zone.needed": (
        "Dafür muss ich die Zeitzone hier kennen. Sende einen Ort oder den Abstand zu UTC, dann mache ich weiter:\n"
        "/timezone Berlin\n/timezone +05:30"
    ),
    "zone.none": (
        "Ich kenne die Zeitzone hier nicht. Sende einen Ort oder den Abstand zu UTC: /timezone Berlin, /timezone +05:30"
    ),
    "zone.is": "Die Zeitzone hier ist {zone}, dort ist es {now}. Ändern: /timezone Berlin",
    "zone.unknown": (
        "Unter diesem Namen kenne ich keine Zeitzone. Sende eine größere Stadt in deiner Nähe oder den Abstand zu UTC: "
        "/timezone Berlin, /timezone +05:30"
    ),
    "zone.alike": "Einen Ort mit genau diesem Namen kenne ich nicht. Ist es einer von diesen, dann wähle:",
    "zone.which": "Das können mehrere Zeitzonen sein. Wähle:",
    "zone.set": "Die Zeitzone hier ist jetzt {zone}, dort ist es {now}.",
    "zone.changed": (
        "Die Zeitzone hier ist jetzt {zone}, dort ist es {now}. Bestehende Aufgaben behalten ihre Zeitzone."
    ),
    # Habits
    "quiet.none": "Hier gibt es keine Ruhezeit. Festlegen: /quiet 22:00-07:00",
    "quiet.is": "Ruhezeit hier: {hours}. Nur an Aufgaben mit !hoch erinnere ich darin. Aufheben: /quiet off",
    "quiet.set": "Die Ruhezeit hier ist jetzt {hours}. Erinnerungen warten ihr Ende ab, außer bei Aufgaben mit !hoch.",
    "quiet.off": "Hier gibt es keine Ruhezeit mehr.",
    "quiet.waits": (
        "Das liegt in der Ruhezeit ({hours}): die Erinnerung kommt {until}. Bei !hoch käme sie zu ihrer Zeit."
    ),
    "quiet.usage": "Das verstehe ich nicht. Zum Beispiel: /quiet 22:00-07:00, oder /quiet off",
    "escalation.is": "An eine Aufgabe, die nach ihrer Zeit offen bleibt, erinnere ich noch einmal {waits}.",
    "escalation.set": "An eine Aufgabe, die nach ihrer Zeit offen bleibt, erinnere ich ab jetzt noch einmal {waits}.",
    "escalation.waits": "nach {waits}, jeweils nach der vorigen Erinnerung; an solche mit !hoch nach der Hälfte",
    "escalation.off": "An eine Aufgabe, die nach ihrer Zeit offen bleibt, erinnere ich nicht noch einmal.",
    "escalation.usage": (
        "Das verstehe ich nicht. Bis zu {most} Abstände von einer Minute bis 30 Tagen, zum Beispiel: "
        "/escalation 1h, 4h, 24h; oder /escalation off, oder /escalation default"
    ),
    # The digest of the day
    "digest.none": "Hier gibt es keine Tagesübersicht. Jeden Tag eine bekommen: /digest 08:00",
    "digest.is": (
        "Tagesübersicht: {when}. Sie zeigt, was überfällig und was an dem Tag fällig ist; an einem Tag ohne "
        "beides bleibt sie aus. Abschalten: /digest off"
    ),
    "digest.set": (
        "Tagesübersicht: {when}. Sie wird zeigen, was überfällig und was an dem Tag fällig ist; an einem Tag ohne "
        "beides bleibt sie aus."
    ),
    "digest.off": "Hier gibt es keine Tagesübersicht mehr.",
    "digest.usage": (
        "Das verstehe ich nicht als eine Tageszeit nach den Uhren hier. Zum Beispiel: /digest 08:00, oder /digest off"
    ),
    "digest.follows": "Die Tagesübersicht richtet sich nach der neuen und kommt um {time}.",
    "digest.late": "Diese Tagesübersicht ist um {late} verspätet: gedacht war sie für {at}.",
    "digest.untold": (
        "Eine Tagesübersicht hat diesen Chat vielleicht nicht erreicht, {at}. /tasks heute zeigt, was fällig ist."
    ),
    # The ledger
    "why.usage": "Welche Aufgabe? Sende ihre Nummer: /why 3",
    "why.next": "Nächste Erinnerung: {next}",
    "why.no_next": "Eine weitere Erinnerung ist nicht geplant.",
    "why.untimed": "Sie hat keine Zeit, also gibt es keine Erinnerung. Eine setzen: /edit {number} morgen 9 Uhr",
    "why.waits_for_contact": "Ihre Erinnerungen warten, weil dieser Chat nicht erreichbar war.",
    "why.nothing_yet": "Daran wurde noch nicht erinnert.",
    "why.done": "Sie ist erledigt.",
    "why.done_by": "Sie wurde von {who} erledigt.",
    "why.cancelled": "Sie wurde gestrichen.",
    "why.cancelled_by": "Sie wurde von {who} gestrichen.",
    "kept.fired": "{at}: erinnert",
    "kept.late": "{at}: verspätet erinnert",
    "kept.skipped": "{at}: ausgelassen",
    "kept.superseded": "{at}: entfallen, denn eine spätere oder was jemand getan hat trat an ihre Stelle",
    "kept.paused": "{at}: wartet, der Chat war nicht erreichbar",
    "kept.ambiguous": "{at}: kam vielleicht nicht an",
    # Reminders
    "reminder.now": "⏰ {title}\n(Aufgabe {number})",
    "reminder.again": "⏰ Noch offen: {title}\n(Aufgabe {number})",
    "reminder.missed": "Ich habe eine Erinnerung verpasst und wie eingestellt ausgelassen: {title}\n(Aufgabe {number})",
    "reminder.was_due": "Fällig war sie {at}.",
    "reminder.is_due": "Fällig ist sie {at}.",
    "reminder.late": "Das ist um {late} verspätet: fällig war es {at}.",
    "reminder.missed_by": "Fällig war sie {at}, vor {late}.",
    "reminder.next": "Nächstes Mal: {next}",
    "reminder.untold": "Eine Erinnerung hat diesen Chat vielleicht nicht erreicht: {number}. {title}, {at}",
    # Buttons
    "button.done": "Erledigt",
    "button.undo": "Rückgängig",
    "button.s10": "10 min",
    "button.s60": "1 h",
    "button.stom": "Morgen",
    "button.skip": "Diesmal auslassen",
    "button.stop": "Nicht wiederholen",
    "press.task": "{task}\n{state}",
    "press.page": "Seite {page}",
    "press.chosen": "In Ordnung.",
    "press.done": "Erledigt.",
    "press.opened": "Sie ist wieder offen.",
    "press.snoozed": "Aufgeschoben: {until}",
    "press.skipped": "Ausgelassen.",
    "press.stopped": "Sie wiederholt sich nicht mehr.",
    "press.was_done": "✓ Erledigt",
    "press.was_done_by": "✓ Erledigt von {who}",
    "press.was_opened": "Wieder offen",
    "press.was_opened_by": "Wieder geöffnet von {who}",
    "press.was_snoozed": "Aufgeschoben: {until}",
    "press.was_snoozed_by": "Aufgeschoben von {who}: {until}",
    "press.was_skipped": "Diesmal ausgelassen. Nächstes Mal: {next}",
    "press.was_skipped_by": "Diesmal ausgelassen von {who}. Nächstes Mal: {next}",
    "press.was_stopped": "Wiederholung beendet",
    "press.was_stopped_by": "Wiederholung beendet von {who}",
    "press.already_done": "Sie war schon erledigt.",
    "press.already_cancelled": "Sie wurde gestrichen.",
    "press.already_open": "Sie ist schon offen.",
    "press.comes_before": "Sie kommt schon vorher wieder: {until}",
    "press.zone_needed": (
        "Dafür muss ich die Zeitzone hier kennen. Sende zum Beispiel /timezone Berlin und drücke dann noch einmal."
    ),
    "press.question_gone": "Diese Frage ist nicht mehr offen. Sende den Befehl noch einmal, wenn er noch gilt.",
    "press.not_yours": "Gefragt war jemand anders. Sende einen eigenen Befehl.",
    "press.not_let_in": "Das darfst du hier nicht.",
    # Days and lengths of time
    "day.yesterday": "gestern {time}",
    "day.today": "heute {time}",
    "day.tomorrow": "morgen {time}",
    "day.this_year": "{weekday} {day}. {month} {time}",
    "day.other": "{weekday} {day}. {month} {year} {time}",
    "weekday.0": "Mo",
    "weekday.1": "Di",
    "weekday.2": "Mi",
    "weekday.3": "Do",
    "weekday.4": "Fr",
    "weekday.5": "Sa",
    "weekday.6": "So",
    "month.1": "Jan.",
    "month.2": "Feb.",
    "month.3": "März",
    "month.4": "Apr.",
    "month.5": "Mai",
    "month.6": "Juni",
    "month.7": "Juli",
    "month.8": "Aug.",
    "month.9": "Sept.",
    "month.10": "Okt.",
    "month.11": "Nov.",
    "month.12": "Dez.",
    "span.minutes": "{n} min",
    "span.minutes_1": "{n} min",
    "span.hours": "{n} h",
    "span.hours_1": "{n} h",
    "span.days": "{n} Tage",
    "span.days_1": "{n} Tag",
    "priority.high": "!hoch",
    "priority.low": "!niedrig",
}
