"""The fault plan: which of the coming calls go wrong, and how.

Not here: carrying a fault out. What a hang or a reset is depends on the face (HTTP or memory).
"""

from attrs import define

from adapters.botworld.values import Fault, Json

FAULTS_MAX = 1000


@define
class _Planned:
    fault: Fault
    left: int | None


class FaultPlan:
    """Planned faults in the order they were added; the first that fits a call is spent on it."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, fault: Fault) -> None:
        """Plan ``fault``. The plan holds at most 1,000; ValueError beyond."""
        if len(self._planned) >= FAULTS_MAX:
            raise ValueError(f"the fault plan is full ({FAULTS_MAX}); clear it first")
        self._planned.append(_Planned(fault, fault.count))

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Return the fault that meets this call, if any, and count it as spent."""
        for place, planned in enumerate(self._planned):
            fault = planned.fault
            if fault.method is not None and fault.method.lower() != method.lower():
                continue
            if fault.chat_id is not None and fault.chat_id != chat_id:
                continue
            if planned.left is not None:
                planned.left -= 1
                if planned.left <= 0:
                    del self._planned[place]
            return fault
        return None

    def clear(self) -> None:
        """Forget every planned fault."""
        self._planned.clear()

    def as_json(self) -> list[Json]:
        """Return the plan: kind, method, chat and how many times each is still to come."""
        return [
            {
                "kind": planned.fault.kind.value,
                "method": planned.fault.method,
                "chat_id": planned.fault.chat_id,
                "left": planned.left,
            }
            for planned in self._planned
        ]
