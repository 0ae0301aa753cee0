"""What counts as left behind in Postgres: what somebody would act on, and not what tidying up forgets."""

from uuid import UUID

from adapters.memory.clock import ManualClock
from adapters.memory.streams import MemoryStreams
from entrypoints.simulation.standing import left_in_postgres
from tests.adapters.test_postgres_audit import connections

MARKS = "marks of runs that did not end"
MARK = "insert into openclaw.runs values (gen_random_uuid(), $1, 'x', array[$2::uuid])"
OWE = "insert into openclaw.outbox (target, event_id, lane, envelope) values ('brain', $1, '1:5', '')"
ID = UUID(int=7)


async def test_a_mark_is_left_while_its_event_is_owed_and_of_the_scheduler_always(database: str) -> None:
    streams = MemoryStreams(ManualClock())
    async with connections(database, 1) as (owner,):
        await owner.execute(MARK, "brain", ID)
        assert (await left_in_postgres(owner, streams))[MARKS] == 0
        await owner.execute(OWE, ID)
        assert (await left_in_postgres(owner, streams))[MARKS] == 1
        await owner.execute(MARK, "scheduler", ID)
        assert (await left_in_postgres(owner, streams))[MARKS] == 2
