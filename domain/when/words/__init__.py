"""The words of time, one table a language. The first that is asked is the reader's own; English is always known."""

from collections.abc import Mapping

from domain.when.words.base import Language
from domain.when.words.english import ENGLISH
from domain.when.words.french import FRENCH
from domain.when.words.german import GERMAN
from domain.when.words.italian import ITALIAN
from domain.when.words.portuguese import PORTUGUESE
from domain.when.words.russian import RUSSIAN
from domain.when.words.spanish import SPANISH
from domain.when.words.turkish import TURKISH
from domain.when.words.ukrainian import UKRAINIAN

LANGUAGES: Mapping[str, Language] = {
    each.tag: each
    for each in (ENGLISH, GERMAN, SPANISH, FRENCH, RUSSIAN, ITALIAN, PORTUGUESE, UKRAINIAN, TURKISH)
}
