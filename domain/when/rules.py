"""Which symbols, one after another, state which fact. Rules may overlap; of two for the same stretch both count.

``domain.when.grammar`` finds the rules that account for a whole phrase. Not here: what facts mean together.
"""

from collections.abc import Sequence

from domain.when.rules_every import EVERY
from domain.when.rules_once import ONCE
from domain.when.shapes import PhraseRule

RULES: Sequence[PhraseRule] = (*ONCE, *EVERY)
