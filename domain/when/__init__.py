"""When: from what people write to instants and recurrence rules, and back to words.

``grammar`` finds the phrase and its facts, ``meaning`` makes a moment or a rule of them, ``places`` knows zones by
place and offset, ``walltime`` holds the rule for the two changes of daylight saving. All of it is pure: the zone
database and the reckoning of rules come as values or through a function. Not here: which words the echo
uses (``application.messages.times``), and how it is all put together (``application.phrases``).
"""
