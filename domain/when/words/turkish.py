"""The words of time in Turkish."""

from domain.when.words.base import language

TURKISH = language(
    "tr",
    {
        "W:0": "pazartesi|pzt|pazartesi günü", "W:1": "salı|salı günü", "W:2": "çarşamba|çarşamba günü", "W:3": "perşembe|perşembe günü",
        "W:4": "cuma|cuma günü", "W:5": "cumartesi|cmt|cumartesi günü", "W:6": "pazar|pazar günü",
        "w:0": "pazartesileri|pazartesi günleri", "w:1": "salıları|salı günleri", "w:2": "çarşambaları|çarşamba günleri",
        "w:3": "perşembeleri|perşembe günleri", "w:4": "cumaları|cuma günleri", "w:5": "cumartesileri|cumartesi günleri",
        "w:6": "pazarları|pazar günleri",
        "V:week": "hafta içi|iş günü|hafta içi her gün", "K": "hafta sonu",
        "M:1": "ocak", "M:2": "şubat", "M:3": "mart", "M:4": "nisan", "M:5": "mayıs", "M:6": "haziran", "M:7": "temmuz", "M:8": "ağustos",
        "M:9": "eylül", "M:10": "ekim", "M:11": "kasım", "M:12": "aralık",
        "U:second": "saniye", "U:minute": "dakika|dk", "U:day": "gün", "U:week": "hafta", "U:month": "ay", "U:year": "yıl|sene",
        "T:0": "bugün", "T:1": "yarın", "T:2": "öbür gün|yarından sonra", "T:-1": "dün",
        "T:0 P:evening": "bu akşam", "T:0 P:night": "bu gece", "T:0 P:morning": "bu sabah",
        "P:morning": "sabah|sabahleyin|sabahları", "P:noon": "öğlen|öğle|öğleyin", "P:afternoon": "öğleden sonra", "P:evening": "akşam|akşamları",
        "P:night": "gece|geceleri", "P:midnight": "gece yarısı",
        "E": "her", "E U:day P:morning": "her sabah", "E U:day P:evening": "her akşam", "R:week": "haftalık|haftada bir", "R:month": "aylık|ayda bir",
        "R:year": "yıllık|yılda bir",
        "O:1": "ilk|birinci", "O:2": "ikinci", "O:3": "üçüncü", "O:-1": "son", "X": "gelecek|önümüzdeki", "H": "bu",
        "<": "sonra|içinde|sonrasında", "%:hour": "saat",
        "a": "bir",
        "n:2": "iki", "n:3": "üç", "n:4": "dört", "n:5": "beş", "n:6": "altı", "n:7": "yedi", "n:8": "sekiz", "n:9": "dokuz", "n:10": "on",
        "n:15": "on beş", "n:20": "yirmi", "n:30": "otuz", "n:30 U:minute": "yarım saat",
        "-": "da|de|ta|te|ve|günü",
    },
    dot_ordinals=True,
)  # fmt: skip
