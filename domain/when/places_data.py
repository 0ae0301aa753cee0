"""Places people name that the zone database does not: large cities, and countries in their own and other languages.

The zone database names a city a zone, and countries in English. Here is what else is common, by zone. Not here: how
a text is matched (``domain.when.places``).
"""

from collections.abc import Mapping

# Cities and regions, in the spellings that are common; accents and case do not count.
CITIES: Mapping[str, str] = {
    "Europe/Berlin": (
        "munich|münchen|muenchen|hamburg|cologne|köln|koeln|frankfurt|stuttgart|düsseldorf|duesseldorf|"
        "leipzig|dresden|bremen|hannover|nuremberg|nürnberg|берлин|berlín|berlino|мюнхен|гамбург|essen|"
        "dortmund|bonn|kiel"
    ),
    "Europe/Vienna": "wien|vienne|viena|вена|graz|salzburg|linz|innsbruck",
    "Europe/Zurich": "zürich|zuerich|genf|geneva|genève|basel|bern|lausanne|цюрих|женева",
    "Europe/London": (
        "londres|londra|лондон|manchester|birmingham|edinburgh|glasgow|liverpool|leeds|bristol|cardiff|"
        "belfast"
    ),
    "Europe/Paris": "париж|parigi|lyon|marseille|toulouse|nice|nantes|strasbourg|bordeaux|lille",
    "Europe/Madrid": "мадрид|barcelona|барселона|valencia|sevilla|seville|bilbao|málaga|zaragoza",
    "Europe/Lisbon": "lisboa|lissabon|lisbonne|лиссабон|porto",
    "Europe/Rome": (
        "roma|rom|рим|milan|milano|mailand|милан|naples|napoli|turin|torino|florence|firenze|venice|venezia|"
        "bologna"
    ),
    "Europe/Amsterdam": "rotterdam|the hague|den haag|utrecht|eindhoven|амстердам",
    "Europe/Brussels": "brüssel|bruxelles|antwerp|antwerpen|gent|ghent|брюссель",
    "Europe/Warsaw": (
        "warszawa|warschau|варшава|varsovie|krakow|kraków|wrocław|wroclaw|gdansk|gdańsk|poznan|łódź|lodz"
    ),
    "Europe/Prague": "praha|prag|прага|brno",
    "Europe/Copenhagen": "københavn|kopenhagen|aarhus",
    "Europe/Stockholm": "göteborg|gothenburg|malmö|стокгольм",
    "Europe/Oslo": "bergen|trondheim|осло",
    "Europe/Helsinki": "tampere|espoo|хельсинки",
    "Europe/Athens": "athen|atene|athènes|афины|thessaloniki",
    "Europe/Bucharest": "bucurești|bukarest|cluj",
    "Europe/Istanbul": "istanbul|ankara|izmir|antalya|стамбул|estambul",
    "Europe/Kyiv": (
        "kiev|kiew|київ|киев|lviv|львів|львов|odesa|odessa|одеса|одесса|kharkiv|харків|харьков|dnipro|дніпро"
    ),
    "Europe/Moscow": (
        "москва|moskau|moscou|moscú|mosca|санкт-петербург|петербург|спб|saint petersburg|st petersburg|"
        "st. petersburg|sankt petersburg|казань|kazan|сочи|sochi|нижний новгород|ростов-на-дону|краснодар"
    ),
    "Asia/Yekaterinburg": "екатеринбург|челябинск|пермь|уфа|perm|ufa",
    "Asia/Novosibirsk": "новосибирск",
    "Asia/Vladivostok": "владивосток",
    "Europe/Samara": "самара",
    "Asia/Almaty": "алматы|astana|астана",
    "Asia/Tashkent": "ташкент",
    "Asia/Tbilisi": "тбилиси",
    "Asia/Yerevan": "ереван",
    "Europe/Minsk": "минск",
    "America/New_York": (
        "new york city|nyc|nueva york|nova york|nova iorque|нью-йорк|boston|washington|washington dc|"
        "philadelphia|miami|atlanta|orlando|charlotte|pittsburgh|eastern time"
    ),
    "America/Chicago": (
        "houston|dallas|austin|san antonio|minneapolis|nashville|new orleans|st louis|milwaukee|central time"
    ),
    "America/Denver": "salt lake city|albuquerque|colorado|mountain time",
    "America/Phoenix": "arizona|tucson",
    "America/Los_Angeles": (
        "la|san francisco|sf|san diego|seattle|portland|las vegas|san jose california|sacramento|california|"
        "silicon valley|pacific time"
    ),
    "Pacific/Honolulu": "hawaii",
    "America/Anchorage": "alaska",
    "America/Toronto": "montreal|montréal|ottawa|quebec|québec",
    "America/Vancouver": "british columbia",
    "America/Edmonton": "calgary|alberta",
    "America/Mexico_City": "ciudad de méxico|cdmx|guadalajara|puebla",
    "America/Monterrey": "nuevo león",
    "America/Sao_Paulo": (
        "são paulo|sao paulo|rio de janeiro|rio|brasília|brasilia|belo horizonte|curitiba|porto alegre|"
        "florianópolis"
    ),
    "America/Argentina/Buenos_Aires": "buenos aires|córdoba argentina|rosario",
    "America/Bogota": "medellín|cali",
    "America/Guayaquil": "quito",
    "Asia/Kolkata": (
        "mumbai|bombay|delhi|new delhi|bangalore|bengaluru|chennai|madras|hyderabad|pune|ahmedabad|jaipur|"
        "дели|мумбаи|india standard time"
    ),
    "Asia/Karachi": "lahore|islamabad",
    "Asia/Dubai": "abu dhabi|дубай",
    "Asia/Riyadh": "jeddah|mecca",
    "Asia/Jerusalem": "tel aviv|haifa|тель-авив|иерусалим",
    "Asia/Shanghai": "beijing|peking|pékin|pekín|пекин|shenzhen|guangzhou|chengdu|wuhan|北京|上海",
    "Asia/Hong_Kong": "hongkong|香港",
    "Asia/Tokyo": "osaka|kyoto|yokohama|токио|tokio|東京",
    "Asia/Seoul": "busan|сеул|서울",
    "Asia/Ho_Chi_Minh": "saigon|hanoi|da nang",
    "Asia/Bangkok": "chiang mai|phuket|бангкок|пхукет",
    "Asia/Makassar": "bali|denpasar|бали",
    "Australia/Sydney": "canberra|new south wales|сидней",
    "Australia/Melbourne": "victoria australia|мельбурн",
    "Australia/Brisbane": "queensland|gold coast",
    "Pacific/Auckland": "wellington|christchurch",
    "Africa/Johannesburg": "cape town|kapstadt|durban|pretoria",
    "Africa/Lagos": "abuja",
    "Africa/Casablanca": "rabat|marrakech|marrakesch|fes|tangier|касабланка",
    "Africa/Cairo": "kairo|le caire|el cairo|каир|alexandria",
    "Atlantic/Canary": "canary islands|islas canarias|kanaren|tenerife|teneriffa|gran canaria|las palmas",
    "Atlantic/Azores": "azoren|açores",
    "UTC": "utc|gmt|zulu|greenwich|world time|weltzeit",
}

# The zones of a country, the most populous first: one where nearly all live in it, several to choose from.
# Countries that are not here are known by their cities only.
COUNTRIES: Mapping[str, str] = {
    "Europe/Berlin": "Germany|Deutschland|Alemania|Allemagne|Germania|Alemanha|Германия|Німеччина|Almanya",
    "Europe/Vienna": "Austria|Österreich|Oesterreich|Autriche|Австрия|Áustria",
    "Europe/Zurich": "Switzerland|Schweiz|Suisse|Suiza|Svizzera|Швейцария",
    "Europe/London": (
        "United Kingdom|UK|Great Britain|Britain|England|Scotland|Wales|Großbritannien|Reino Unido|"
        "Royaume-Uni|Regno Unito|Великобритания|Англия"
    ),
    "Europe/Dublin": "Ireland|Irland|Irlande|Irlanda|Ирландия",
    "Europe/Paris": "France|Frankreich|Francia|França|Франция",
    "Europe/Madrid": "Spain|España|Spanien|Espagne|Spagna|Espanha|Испания",
    "Europe/Lisbon": "Portugal|Португалия",
    "Europe/Rome": "Italy|Italia|Italien|Italie|Itália|Италия",
    "Europe/Amsterdam": "Netherlands|Holland|Niederlande|Pays-Bas|Países Bajos|Нидерланды|the Netherlands",
    "Europe/Brussels": "Belgium|Belgien|Belgique|Bélgica|Бельгия",
    "Europe/Warsaw": "Poland|Polska|Polen|Pologne|Polonia|Польша",
    "Europe/Prague": "Czechia|Czech Republic|Tschechien|Česko|Чехия",
    "Europe/Copenhagen": "Denmark|Dänemark|Danmark|Дания",
    "Europe/Stockholm": "Sweden|Schweden|Sverige|Suède|Suecia|Швеция",
    "Europe/Oslo": "Norway|Norwegen|Norge|Norvège|Noruega|Норвегия",
    "Europe/Helsinki": "Finland|Finnland|Suomi|Финляндия",
    "Europe/Athens": "Greece|Griechenland|Grèce|Grecia|Греция",
    "Europe/Istanbul": "Turkey|Türkiye|Türkei|Turquie|Turquía|Турция",
    "Europe/Kyiv": "Ukraine|Україна|Украина|Ucrania",
    "Europe/Minsk": "Belarus|Беларусь|Weißrussland",
    "Asia/Tbilisi America/New_York": ("Georgia|Грузия"),
    "Asia/Jerusalem": "Israel|Израиль",
    "Asia/Kolkata": "India|Indien|Inde|Индия|Bharat|भारत",
    "Asia/Shanghai": "China|Chine|Китай|中国",
    "Asia/Tokyo": "Japan|Japon|Japón|Giappone|Япония|日本",
    "Asia/Seoul": "South Korea|Korea|Südkorea|Корея",
    "Asia/Ho_Chi_Minh": "Vietnam|Viet Nam",
    "Asia/Kuala_Lumpur": "Malaysia",
    "Asia/Almaty": "Kazakhstan|Kasachstan|Казахстан",
    "Asia/Tashkent": "Uzbekistan|Узбекистан",
    "Pacific/Auckland": "New Zealand|Neuseeland|Nueva Zelanda|Новая Зеландия",
    "Pacific/Apia": "Samoa",
    "Africa/Casablanca": "Morocco|Marokko|Maroc|Marruecos|Марокко",
    "Africa/Cairo": "Egypt|Ägypten|Égypte|Egipto|Египет",
    "Africa/Johannesburg": "South Africa|Südafrika|Sudáfrica",
    "America/Argentina/Buenos_Aires": "Argentina|Argentinien|Аргентина",
    "America/Santiago": "Chile",
    "America/Guayaquil": "Ecuador",
    (
        "America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles "
        "America/Anchorage Pacific/Honolulu"
    ): ("United States|USA|US|America|Amerika|Estados Unidos|États-Unis|Stati Uniti|Vereinigte Staaten|США"),
    (
        "America/Toronto America/Vancouver America/Edmonton America/Winnipeg America/Regina America/Halifax "
        "America/St_Johns"
    ): ("Canada|Kanada|Canadá|Канада"),
    "America/Mexico_City America/Tijuana America/Hermosillo America/Cancun America/Mazatlan": (
        "Mexico|México|Mexiko|Мексика"
    ),
    "America/Sao_Paulo America/Manaus America/Rio_Branco America/Noronha": (
        "Brazil|Brasil|Brasilien|Brésil|Бразилия"
    ),
    (
        "Europe/Moscow Europe/Kaliningrad Europe/Samara Asia/Yekaterinburg Asia/Omsk Asia/Novosibirsk "
        "Asia/Irkutsk Asia/Yakutsk Asia/Vladivostok Asia/Magadan Asia/Kamchatka"
    ): ("Russia|Russland|Россия|Rusia|Russie|Rússia|Rusya"),
    (
        "Australia/Sydney Australia/Brisbane Australia/Adelaide Australia/Darwin Australia/Perth "
        "Australia/Hobart"
    ): ("Australia|Australien|Australie|Австралия"),
    "Asia/Jakarta Asia/Makassar Asia/Jayapura": ("Indonesia|Indonesien|Индонезия"),
    "Asia/Ulaanbaatar Asia/Hovd": ("Mongolia|Mongolei"),
    "Africa/Kinshasa Africa/Lubumbashi": ("Congo|DR Congo"),
}
