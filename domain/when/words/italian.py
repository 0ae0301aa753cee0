"""The words of time in Italian."""

from domain.when.words.base import language

ITALIAN = language(
    "it",
    {
        "W:0": "lunedì|lun", "W:1": "martedì", "W:2": "mercoledì|mer", "W:3": "giovedì|gio", "W:4": "venerdì|ven",
        "W:5": "sabato|sab", "W:6": "domenica|dom",
        "w:0": "ogni lunedì|tutti i lunedì", "w:1": "ogni martedì|tutti i martedì", "w:2": "ogni mercoledì|tutti i mercoledì",
        "w:3": "ogni giovedì|tutti i giovedì", "w:4": "ogni venerdì|tutti i venerdì", "w:5": "ogni sabato|tutti i sabati",
        "w:6": "ogni domenica|tutte le domeniche",
        "V:week": "giorno feriale|giorni feriali|nei giorni feriali|giorno lavorativo|giorni lavorativi", "K": "fine settimana|weekend",
        "M:1": "gennaio|gen", "M:2": "febbraio|feb", "M:3": "marzo|mar", "M:4": "aprile|apr", "M:5": "maggio|mag", "M:6": "giugno|giu",
        "M:7": "luglio|lug", "M:8": "agosto|ago", "M:9": "settembre|set", "M:10": "ottobre|ott", "M:11": "novembre|nov", "M:12": "dicembre|dic",
        "U:second": "secondo|secondi", "U:minute": "minuto|minuti|min", "U:hour": "ora|ore", "U:day": "giorno|giorni",
        "U:week": "settimana|settimane", "U:month": "mese|mesi", "U:year": "anno|anni",
        "T:0": "oggi", "T:1": "domani", "T:2": "dopodomani", "T:-1": "ieri",
        "T:0 P:evening": "stasera", "T:0 P:night": "stanotte", "T:0 P:morning": "stamattina", "T:0 P:afternoon": "oggi pomeriggio",
        "P:morning": "mattina|di mattina|del mattino|mattino", "P:noon": "mezzogiorno|a mezzogiorno", "P:afternoon": "pomeriggio|del pomeriggio|nel pomeriggio",
        "P:evening": "sera|di sera|della sera", "P:night": "notte|di notte", "P:midnight": "mezzanotte|a mezzanotte",
        "E": "ogni|tutti i|tutte le", "R:day": "giornalmente|quotidianamente", "R:week": "settimanalmente",
        "R:month": "mensilmente", "R:year": "annualmente",
        "O:1": "primo|prima", "O:2": "seconda", "O:3": "terzo|terza", "O:4": "quarto|quarta", "O:-1": "ultimo|ultima",
        "X U:week": "prossima settimana|settimana prossima|la prossima settimana|la settimana prossima",
        "X U:month": "prossimo mese|mese prossimo|il mese prossimo", "Y": "prossimo|prossima", "H": "questo|questa",
        ">": "tra|fra", "@": "alle|all|alle ore|ore alle", "k": "il", "z:30": "e mezza|e mezzo", "z:15": "e un quarto",
        "z:-15": "meno un quarto", "S": "da|dal|a partire da|a partire dal", "|": "fino a|fino al", "#": "volte", "F": "per",
        "a": "un|una|uno",
        "n:2": "due", "n:3": "tre", "n:4": "quattro", "n:5": "cinque", "n:6": "sei", "n:7": "sette", "n:8": "otto", "n:9": "nove",
        "n:10": "dieci", "n:11": "undici", "n:12": "dodici", "n:15": "quindici", "n:20": "venti", "n:30": "trenta",
        "n:30 U:minute": "mezz'ora|mezzora", "n:90 U:minute": "un'ora e mezza", "n:1 U:hour": "un'ora",
        "-": "di|del|della|e|la",
    },
    joiners="di che a mi",
    ordinal_endings=("º", "ª"),
)  # fmt: skip
