"""The conversation: who does what, and what is seen of the otter and of OpenClaw.

Each row is a ``Step``: what it is about, the acts, what the otter makes of them, and, where it applies, what OpenClaw
makes of them. The otter stands twice, made with two foreign libraries, and both say the same.
"""

from tests.foreign.conversation_groups import GROUPS
from tests.foreign.conversation_private import PRIVATE

STEPS = (*PRIVATE, *GROUPS)
