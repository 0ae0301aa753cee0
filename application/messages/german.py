"""The wording in German."""

from collections.abc import Mapping

WORDING: Mapping[str, str] = {
    "start.first": (
        "Hallo! Ich bin OpenClaw. Ich merke mir deine Aufgaben und erinnere dich daran. "
        "Zum Beispiel: /remind in 20 min Kuchen aus dem Ofen\n"
        "/help zeigt alles, was ich kann."
    ),
    "start.again": "Willkommen zurück. Sende /help, um zu sehen, was ich kann.",
    "help": "Das kann ich:\n{commands}",
    "api.is": "API-Modus: {mode}\nGültige Modi: {modes}",
    "api.set": "Der API-Modus ist jetzt {mode}.",
    "api.invalid": "Das ist kein API-Modus; nichts wurde geändert.\nGültige Modi: {modes}",
    "admins_only": "Das dürfen nur Admins dieses Bots.",
    "status": "{report}",
    "unknown_command": "Ich kenne /{name} nicht. Sende /help, um zu sehen, was ich kann.",
    "stale_button": "Dieser Knopf tut nichts mehr.",
    "late": "(Deine Nachricht hat {waited} gewartet, bis ich sie sehen konnte.)",
    "late_command": (
        "Dieser Befehl ist {waited} alt, deshalb habe ich ihn nicht ausgeführt. "
        "Sende ihn noch einmal, wenn er noch gilt."
    ),
    "edit.not_done": "Einen bearbeiteten Befehl führe ich nicht aus. Sende ihn als neue Nachricht.",
    "edit.not_done_again": (
        "Einen bearbeiteten Befehl führe ich nicht aus, und was er vorher getan hat, bleibt getan. "
        "Eine neue Nachricht kann das ändern."
    ),
    "edit.stays_done": "Was diese Nachricht getan hat, bleibt getan; Bearbeiten nimmt nichts zurück.",
    "edit.in_parts": (
        "Die Antwort darauf bestand aus mehreren Nachrichten, die ich nicht zusammen ändern kann. "
        "Sende deine Nachricht noch einmal."
    ),
    "access.asked": (
        "Ich kenne dich noch nicht. Gib diese Zeile an die Person weiter, die diesen Bot betreibt; sie gilt eine "
        "Stunde:\n/access approve {code}\n"
        "Wenn du ihn selbst betreibst, sende mir die Zeile mit /start, die sein Terminal zeigt."
    ),
    "access.asked_group": (
        "Dieser Chat ist noch nicht freigeschaltet. Ein Admin dieses Bots schaltet ihn innerhalb einer Stunde frei, "
        "mit diesem Befehl an mich:\n/access approve {code}"
    ),
    "access.wrong_code": "Das ist kein Code, oder er ist abgelaufen oder verbraucht. Bitte um einen neuen.",
    "access.invited_member": "Du bist freigeschaltet. Sende /help, um zu sehen, was ich kann.",
    "access.invited_admin": "Du bist jetzt Admin dieses Bots. /access zeigt, wer mit mir reden darf.",
    "access.invited_owner": (
        "Dir gehört dieser Bot jetzt. /access zeigt, wer mit mir reden darf, und schaltet andere frei."
    ),
    "access.welcome": "Du bist freigeschaltet. Sende /help, um zu sehen, was ich kann.",
    "access.welcome_group": (
        "Ich bin hier freigeschaltet. In Gruppen antworte ich auf Befehle, auf Antworten an mich und "
        "wenn mich jemand nennt."
    ),
    "access.list": "{people}\n\n/access approve CODE, /access revoke ID, /access invite",
    "access.usage": (
        "Das verstehe ich nicht. Es gibt:\n/access\n/access approve CODE oder ID\n/access revoke ID\n/access invite\n"
        "Der Eigentümer darf admin hinter approve und invite setzen."
    ),
    "access.owner_only": "Das darf nur der Eigentümer dieses Bots.",
    "access.no_code": (
        "Mit diesem Code bittet gerade niemand. Er kann abgelaufen sein; einen neuen gibt es mit der nächsten "
        "Nachricht an mich."
    ),
    "access.already": "Für {who} ist nichts zu tun.",
    "access.named": "{who} steht in den Einstellungen dieses Bots und lässt sich nur dort ändern.",
    "access.approved": "{who} ist freigeschaltet als {standing}.",
    "access.revoked": "{who} darf nicht mehr mit mir reden.",
    "access.invited": (
        "Wer mir das binnen einer Stunde zuerst sendet, wird freigeschaltet als {standing}:\n/start {code}"
    ),
    "access.in_private": "Frag mich das unter vier Augen: hier würden es alle sehen.",
    "access.an_owner": (
        "{who} gehört dieser Bot. Das ändert, wer ihn betreibt, mit openclaw access auf der Kommandozeile."
    ),
    "standing.member": "Mitglied",
    "standing.admin": "Admin",
    "letters.told": (
        "Etwas ließ sich nicht erledigen. Dead letters: {new} neu seit {since} UTC, {all} insgesamt.\n"
        "{lines}\n"
        "Nichts davon geht verloren, und nichts anderes wartet darauf. Um jedes mit seinen Gründen zu sehen und zu "
        "entscheiden, was daraus wird, gib auf der Maschine ein, auf der ich laufe:\n"
        "openclaw dlq list"
    ),
    "letters.line": "{number} × {type} ({target}): {cause}",
    "letters.others": "{number} weitere",
    "letters.unreadable": "unlesbar",
    "cause.unreachable": "Telegram erreicht den Chat nicht",
    "cause.refused": "Telegram hat es abgelehnt",
    "cause.spent": "alle Versuche sind gescheitert",
    "cause.unknown": "ob es ankam, ist unbekannt",
    "cause.ended_process": "der Prozess, der es bearbeitete, ist daran gestorben",
    "cause.unreadable": "es ist kein gültiges Ereignis",
    "cause.unhandled": "diese Version kann es nicht bearbeiten",
    "cause.restored": "es war fällig, als eine Sicherung eingespielt wurde",
    "cause.other": "es lässt sich nicht bearbeiten",
    "when.ask.which_hour": "Morgens oder nachmittags? „{phrase}“ kann beides sein.",
    "when.ask.which_order": "Was ist in „{phrase}“ der Tag und was der Monat?",
    "when.ask.which_day": "Heute oder in einer Woche? „{phrase}“ kann beides sein.",
    "when.ask.which_midnight": (
        "Welche Mitternacht meinst du mit „{phrase}“: am Anfang oder am Ende des Tages?"
    ),
    "when.ask.which_rule": "„{phrase}“ kann mehreres heißen. Was davon?",
    "when.ask.which_times": "Um wie viel Uhr? „{phrase}“ sagt es nicht. Meinst du das?",
    "when.ask.middle": "„{phrase}“ steht mitten im Text. Ist das die Zeit?",
    "when.ask.spelling": "Das Wort „{word}“ kenne ich nicht. Meinst du „{phrase}“?",
    "when.ask.what_time": "Um wie viel Uhr? „{phrase}“ sagt es nicht.",
    "when.ask.past": "„{phrase}“ ist vorbei. Meinst du das nächste Mal?",
    "when.ask.several": "In „{phrase}“ sehe ich mehr als eine Zeit. Schreib bitte eine.",
    "when.ask.weekday": "Wochentag und Datum in „{phrase}“ passen nicht zusammen. Was meinst du?",
    "when.ask.language": "„{phrase}“ heißt in verschiedenen Sprachen Verschiedenes. Was meinst du?",
    "when.ask.zone_abbreviation": (
        "{zone} steht für mehrere Zeitzonen. Schreib eine Stadt oder einen Abstand wie UTC+2."
    ),
    "when.no.no_time": (
        "Darin sehe ich keine Zeit. Schreib zum Beispiel: morgen um 9, in 20 Min, 25.12. 18:00, "
        "jeden Werktag um 9."
    ),
    "when.no.not_understood": (
        "„{phrase}“ verstehe ich nicht im Ganzen, darum nehme ich keinen Teil davon. Schreib es bitte anders."
    ),
    "when.no.past": "„{phrase}“ ist vorbei.",
    "when.no.no_such_date": "„{phrase}“ ist ein Datum, das es nicht gibt.",
    "when.no.no_such_time": "„{phrase}“ ist eine Uhrzeit, die es nicht gibt.",
    "when.no.too_soon": "„{phrase}“ ist zu bald; das Mindeste ist eine Minute.",
    "when.no.too_far": "„{phrase}“ ist zu weit weg; das Äußerste sind {years} Jahre.",
    "when.no.too_often": "„{phrase}“ ist zu oft; das Äußerste ist alle {minutes} Minuten.",
    "when.no.too_many": "„{phrase}“ ist zu viele Male; das Äußerste ist {most}.",
    "when.no.too_long": "Das ist zu lang; das Äußerste sind {most} Zeichen.",
    "when.no.never": "„{phrase}“ kommt nie.",
    "when.no.unknown_zone": (
        "Die Zeitzone {zone} kenne ich nicht. Schreib eine Stadt oder einen Abstand wie UTC+2."
    ),
    "when.no.not_together": "Die Teile von „{phrase}“ bekomme ich nicht zusammen. Schreib es bitte anders.",
    "when.note.middle": "„{other}“ blieb im Text und setzt keine Erinnerung, denn eine Aufgabe hat eine Zeit.",
    "when.note.gap": (
        "{asked} gibt es in dieser Nacht nicht, weil die Uhr vorgestellt wird; es ist dann {given}."
    ),
    "when.note.fold": (
        "{asked} gibt es in dieser Nacht zweimal, weil die Uhr zurückgestellt wird; gemeint ist "
        "das erste Mal."
    ),
}

SUMMARIES: Mapping[str, str] = {
    "start": "Hallo sagen",
    "help": "Zeigen, was ich kann",
    "task": "Aufgabe notieren: /task Mama anrufen morgen 9 Uhr",
    "remind": "Erinnern: /remind in 20 min Kuchen aus dem Ofen",
    "tasks": "Aufgaben zeigen: /tasks offen, erledigt, überfällig, heute, #tag oder Wörter",
    "done": "Aufgaben als erledigt melden: /done 3 5",
    "undone": "Eine Aufgabe wieder öffnen: /undone 3",
    "cancel": "Eine Aufgabe streichen: /cancel 3",
    "edit": "Eine Aufgabe ändern: /edit 3 neuer Text oder neue Zeit",
    "snooze": "Später erinnern: /snooze 3 in 2 h",
    "late": "Festlegen, was aus verspäteten Erinnerungen wird: /late 3 skip",
    "why": "Zeigen, was aus den Erinnerungen einer Aufgabe wurde: /why 3",
    "digest": "Jeden Tag zeigen, was fällig ist: /digest 08:00",
    "timezone": "Die Zeitzone zeigen oder setzen: /timezone Berlin",
    "quiet": "Ruhezeiten zeigen oder setzen: /quiet 22:00-07:00",
    "escalation": "Zeigen oder setzen, wie oft an offene Aufgaben erinnert wird",
    "api": "Den API-Modus zeigen; Admins setzen ihn mit /api <Modus>",
    "status": "Zeigen, wie es dem System geht",
    "access": "Zeigen und ändern, wer mit mir reden darf; für Admins",
}
