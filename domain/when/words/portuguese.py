"""The words of time in Portuguese."""

from domain.when.words.base import language

PORTUGUESE = language(
    "pt",
    {
        "W:0": "segunda-feira|segunda|seg", "W:1": "terça-feira|terça|ter", "W:2": "quarta-feira|quarta|qua",
        "W:3": "quinta-feira|quinta|qui", "W:4": "sexta-feira|sexta|sex", "W:5": "sábado|sáb", "W:6": "domingo|dom",
        "w:0": "às segundas|toda segunda|todas as segundas|às segundas-feiras", "w:1": "às terças|toda terça|todas as terças",
        "w:2": "às quartas|toda quarta|todas as quartas", "w:3": "às quintas|toda quinta|todas as quintas",
        "w:4": "às sextas|toda sexta|todas as sextas|às sextas-feiras", "w:5": "aos sábados|todo sábado|todos os sábados",
        "w:6": "aos domingos|todo domingo|todos os domingos",
        "V:week": "dia útil|dias úteis|dia de semana|dias de semana", "K": "fim de semana",
        "M:1": "janeiro|jan", "M:2": "fevereiro|fev", "M:3": "março|mar", "M:4": "abril|abr", "M:5": "maio|mai", "M:6": "junho|jun",
        "M:7": "julho|jul", "M:8": "agosto|ago", "M:9": "setembro|set", "M:10": "outubro|out", "M:11": "novembro|nov", "M:12": "dezembro",
        "U:second": "segundos", "U:minute": "minuto|minutos|min", "U:hour": "hora|horas|h", "U:day": "dia|dias", "U:week": "semana|semanas",
        "U:month": "mês|meses", "U:year": "ano|anos",
        "T:0": "hoje", "T:1": "amanhã", "T:2": "depois de amanhã", "T:-1": "ontem",
        "T:0 P:night": "hoje à noite|esta noite",
        "P:morning": "de manhã|da manhã|pela manhã", "P:noon": "meio-dia|ao meio-dia", "P:afternoon": "tarde|à tarde|da tarde",
        "P:night": "noite|à noite|da noite", "P:midnight": "meia-noite|à meia-noite", "P:dawn": "da madrugada|de madrugada",
        "E": "cada|todo|toda|todos os|todas as|a cada", "R:day": "diariamente", "R:week": "semanalmente", "R:month": "mensalmente",
        "R:year": "anualmente",
        "O:1": "primeiro|primeira", "O:3": "terceiro|terceira", "O:-1": "último|última",
        "X U:week": "próxima semana|semana que vem|na próxima semana", "X U:month": "próximo mês|mês que vem",
        "Y": "próximo|próxima|que vem", "H": "este|esta|neste|nesta",
        ">": "em|daqui a|dentro de", "@": "às|as|à", "k": "no|na|no dia", "z:30": "e meia", "z:15": "e quinze", "c": "em ponto",
        "S": "a partir de|desde|a partir do dia", "|": "até", "#": "vezes", "F": "durante|por",
        "a": "um|uma",
        "n:2": "dois|duas", "n:3": "três", "n:4": "quatro", "n:5": "cinco", "n:6": "seis", "n:7": "sete", "n:8": "oito", "n:9": "nove",
        "n:10": "dez", "n:11": "onze", "n:12": "doze", "n:15": "quinze", "n:20": "vinte", "n:30": "trinta",
        "n:30 U:minute": "meia hora", "n:90 U:minute": "uma hora e meia",
        "-": "de|do|da|o|e",
    },
    joiners="que de para me",
    ordinal_endings=("º", "ª"),
)  # fmt: skip
