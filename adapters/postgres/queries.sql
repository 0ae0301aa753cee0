-- name: lock_lanes
-- Locks first, in a statement of its own: reading in the same statement can return a row already consumed.
select l.lane from unnest($2::text[]) as l(lane)
where pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || l.lane, 0));

-- name: offered
-- A fragment: one row a lane, the due row that is oldest in its lane, else the row that will be due next.
unnest($2::text[]) as l(lane)
cross join lateral (
  select * from (
    (select o.* from openclaw.outbox o where o.target = $1 and o.lane = l.lane and o.ordered order by o.seq limit 1)
    union all
    (select o.* from openclaw.outbox o where o.target = $1 and o.lane = l.lane and not o.ordered
     order by o.available_at limit 1)
  ) c
  order by greatest(c.available_at, openclaw.statement_now()), c.seq limit 1
) h;

-- name: read_heads
-- What each lane offers, whether an earlier run of it did not end, what was decided about the lane's chat, and whether
-- contact with it is for something; that costs a look into indexes that are all but empty.
select h.event_id, l.lane, h.seq, h.ordered, h.attempt, h.deaths, h.cause, h.envelope, h.repeat, a.standing,
  extract(epoch from h.available_at - openclaw.statement_now())::float8 as due_in_s,
  exists (select 1 from openclaw.runs r where r.target = $1 and r.run_id <> $3 and h.event_id = any (r.event_ids)) as marked,
  exists (select from openclaw.chats c where c.unreachable_since is not null
    and c.bot_id = substring(l.lane from '^([0-9]{1,18}):')::bigint
    and c.chat_id = substring(l.lane from ':(-?[0-9]{1,18})$')::bigint)
  or l.lane in (select openclaw.awaiting_lanes($2::text[])) as awaits
from {{offered}}
left join openclaw.access a on a.subject = l.lane;

-- name: read_heads_and_claims
-- The same for the sender, with the claim on each lane's chat, live or expired. One that ran out by itself was abandoned.
select h.event_id, l.lane, h.seq, h.ordered, h.attempt, h.deaths, h.cause, h.envelope, h.repeat, null as standing,
  false as awaits,
  exists (select 1 from openclaw.runs r where r.target = $1 and r.run_id <> $3 and h.event_id = any (r.event_ids)) as marked,
  -- What one sender was told holds for all, whether limits are kept or lifted. A bucket that never was blocked has the
  -- instant -infinity, from which not every Postgres subtracts.
  greatest((
    select max(extract(epoch from r.blocked_until)) - extract(epoch from openclaw.statement_now())
    from openclaw.rates r where r.bucket in ('chat:' || l.lane, 'bot:' || split_part(l.lane, ':', 1))
  ), 0)::float8 as blocked_for_s,
  extract(epoch from h.available_at - openclaw.statement_now())::float8 as due_in_s,
  c.event_id as claimed_event, c.resolved, c.claimed_until > to_timestamp(0) as ran_out,
  extract(epoch from c.claimed_until - openclaw.statement_now())::float8 as claimed_for_s
from {{offered}}
left join openclaw.claims c on c.lane = l.lane;

-- name: mark_run
insert into openclaw.runs (run_id, target, consumer, event_ids) values ($1, $2, $3, $4)
on conflict (run_id) do update set event_ids = excluded.event_ids, started_at = openclaw.now();

-- name: settle_owe_audit
-- A fragment: settles, owes and audits a whole round.
settled as (
  delete from openclaw.outbox o using unnest($2::uuid[]) as s(event_id)
  where o.target = $1 and o.event_id = s.event_id returning 1
), owed as (
  insert into openclaw.outbox (target, event_id, lane, available_at, cause, envelope)
  select x.target, x.event_id, x.lane, openclaw.now() + make_interval(secs => x.delay_s), x.cause, x.envelope
  from unnest($3::text[], $4::uuid[], $5::text[], $6::float8[], $7::uuid[], $8::bytea[])
    with ordinality as x(target, event_id, lane, delay_s, cause, envelope, n)
  order by x.n
  on conflict do nothing
), audited as (
  insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
    cause, scope, attempt, reason, duration_ms)
  select $9, x.* from unnest($10::text[], $11::uuid[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::text[], $17::uuid[], $18::text[], $19::int[], $20::text[], $21::real[]) as x
);

-- name: apply_decisions
-- Writes a round of decisions and takes its mark back. Returns how many rows were really settled.
with {{settle_owe_audit}}, unmarked as (
  update openclaw.runs set event_ids = '{}' where run_id = $22
)
select count(*) from settled;

-- name: apply_deliveries
-- Writes a round of the sender, which marks few of its rows, with what the ledger learns. Returns the same.
with {{settle_owe_audit}}, delivered as (
  insert into openclaw.deliveries (key, lane, outcome, message_id, repeat)
  select * from unnest($22::text[], $23::text[], $24::text[], $25::bigint[], $26::bool[]) as x
  on conflict (key) do update set outcome = excluded.outcome, message_id = excluded.message_id,
    repeat = excluded.repeat, settled_at = openclaw.now()
)
select count(*) from settled;

-- name: unmark_run
update openclaw.runs set event_ids = '{}' where run_id = $1;

-- name: retry_rows
-- From now on, and not from the beginning of a transaction that a slow server made long.
update openclaw.outbox o
set attempt = x.attempt, available_at = openclaw.statement_now() + make_interval(secs => x.delay_s), ordered = x.ordered
from unnest($2::uuid[], $3::int[], $4::float8[], $5::bool[]) as x(event_id, attempt, delay_s, ordered)
where o.target = $1 and o.event_id = x.event_id;

-- name: bury_rows
-- Returns what may be told of every row, also of one whose letter stands already.
with gone as (
  delete from openclaw.outbox o
  using unnest($2::uuid[], $3::text[], $4::bool[]) with ordinality as x(event_id, reasons, repeat, n)
  where o.target = $1 and o.event_id = x.event_id
  returning o.target, o.event_id, o.lane, o.cause, o.attempt, o.deaths, x.reasons, o.envelope, x.repeat, x.n
), buried as (
  insert into openclaw.dead_letters (target, event_id, lane, cause, attempt, deaths, reasons, envelope, repeat)
  select target, event_id, lane, cause, attempt, deaths, string_to_array(reasons, E'\x1f'), envelope, repeat from gone
  order by n
  on conflict (target, event_id) do nothing
)
select lane, openclaw.label(envelope, 'event_type') as event_type,
  openclaw.label(envelope, 'idempotency_key') as idempotency_key
from gone order by n;

-- name: count_deaths
with counted as (
  update openclaw.outbox o set deaths = deaths + 1 where o.target = $1 and o.event_id = any ($2::uuid[])
)
update openclaw.runs r
set event_ids = array(select e from unnest(r.event_ids) e where e <> all ($2::uuid[]))
where r.target = $1 and r.run_id <> $3 and r.event_ids && $2::uuid[];

-- name: name_scopes
select set_config('openclaw.scopes', $1, true);

-- name: put_settings
insert into openclaw.settings (scope, name, value)
select distinct on (x.scope, x.name) x.scope, x.name, x.value
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as x(scope, name, value, n)
order by x.scope, x.name, x.n desc
on conflict (scope, name) do update set value = excluded.value, updated_at = openclaw.now();

-- name: move_settings
insert into openclaw.settings (scope, name, value) select $2, name, value from openclaw.settings where scope = $1
on conflict (scope, name) do nothing;

-- name: forget_settings
delete from openclaw.settings where scope = $1;

-- name: lock_tasks
-- Waits for a scheduler that keeps an occasion of one of them, which the statements that move them would not see yet.
select from openclaw.tasks where scope = $1 order by task_id for no key update;

-- name: drop_digest
-- Of two digests of the day, which have the number 0, the one stays that is there, as settings do.
delete from openclaw.tasks t where t.scope = $1 and t.number = 0
  and exists (select from openclaw.tasks n where n.scope = $2 and n.number = 0);

-- name: move_tasks
update openclaw.tasks set scope = $2,
  number = case when number = 0 then 0
    else number + (select coalesce(max(number), 0) from openclaw.tasks where scope = $2) end
where scope = $1;

-- name: move_occasions
-- Before their tasks are moved, by which they are found.
update openclaw.occasions o set scope = $2 from openclaw.tasks t where t.scope = $1 and o.task_id = t.task_id;

-- name: move_memories
update openclaw.memories set scope = $2 where scope = $1;

-- name: read_settings
select scope, name, value from openclaw.settings where scope = any ($1::text[]);

-- name: put_mode
insert into openclaw.runtime (name, value) values ('api_mode', $1)
on conflict (name) do update set value = excluded.value, applied = false, updated_at = openclaw.now();

-- name: read_mode
select value from openclaw.runtime where name = 'api_mode';

-- name: lock_mode
select value from openclaw.runtime where name = 'api_mode' and (not applied or $1) for update;

-- name: mode_applied
update openclaw.runtime set applied = true where name = 'api_mode';

-- name: claim_chats
insert into openclaw.claims as c (lane, target, event_id, token, consumer, claimed_until)
select x.lane, $1, x.event_id, x.token, $2, openclaw.wall_clock() + make_interval(secs => x.hold_s)
from unnest($3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::float8[]) as x(lane, event_id, token, key, hold_s)
where not exists (select 1 from openclaw.deliveries d where d.key = x.key)
order by x.lane
on conflict (lane) do update set target = excluded.target, event_id = excluded.event_id, token = excluded.token,
  consumer = excluded.consumer, claimed_until = excluded.claimed_until, resolved = false
where c.claimed_until <= openclaw.wall_clock()
  and (c.event_id = excluded.event_id
    or not exists (select 1 from openclaw.outbox o where o.target = c.target and o.event_id = c.event_id))
returning c.lane;

-- name: release_claims
delete from openclaw.claims c using unnest($1::text[], $2::uuid[]) as x(lane, token)
where c.lane = x.lane and c.token = x.token returning c.lane;

-- name: suspend_claims
-- They end before all time, which tells them from those that ran out because nobody settled them.
insert into openclaw.claims (lane, target, event_id, token, consumer, resolved, claimed_until)
select x.lane, $1, x.event_id, x.token, $2, x.resolved, to_timestamp(0)
from unnest($3::text[], $4::uuid[], $5::uuid[], $6::bool[]) as x(lane, event_id, token, resolved);

-- name: read_deliveries
select key, lane, outcome, message_id, repeat from openclaw.deliveries where key = any ($1::text[]);

-- name: lock_rates
insert into openclaw.rates as r (bucket) select b from unnest($1::text[]) as x(b) order by b
on conflict (bucket) do update set bucket = excluded.bucket
returning r.bucket,
  greatest(extract(epoch from r.full_at) - extract(epoch from openclaw.now()), -1e6)::float8 as full_in_s,
  greatest(extract(epoch from r.blocked_until) - extract(epoch from openclaw.now()), -1e6)::float8 as blocked_for_s;

-- name: put_rates
update openclaw.rates r
set full_at = openclaw.now() + make_interval(secs => x.full_in_s), blocked_until = openclaw.now() + make_interval(secs => x.blocked_for_s)
from unnest($1::text[], $2::float8[], $3::float8[]) as x(bucket, full_in_s, blocked_for_s)
where r.bucket = x.bucket;

-- name: mark_unreachable
insert into openclaw.chats (bot_id, chat_id, unreachable_since, unreachable_reason)
select x.bot_id, x.chat_id, openclaw.now(), x.reason from unnest($1::bigint[], $2::bigint[], $3::text[]) as x(bot_id, chat_id, reason)
on conflict (bot_id, chat_id) do update
set unreachable_since = coalesce(openclaw.chats.unreachable_since, openclaw.now()), unreachable_reason = excluded.unreachable_reason;

-- name: move_chat
insert into openclaw.chats (bot_id, chat_id, moved_to) values ($1, $2, $3)
on conflict (bot_id, chat_id) do update set moved_to = excluded.moved_to;

-- name: due_lanes
-- A loose index scan: hops from lane to lane, however many rows each has. The last lane of a scan that reached its
-- bound comes along although it is not due, so that the next scan begins behind it. Lanes come in the order of the
-- hops, so that it ends with the last one that is asked for; sorting would hop through all of them first.
with recursive hop(lane, n) as (
  (select o.lane, 1 from openclaw.outbox o where o.target = $1 and o.lane > $2 order by o.lane limit 1)
  union all
  select (select o.lane from openclaw.outbox o where o.target = $1 and o.lane > h.lane order by o.lane limit 1), h.n + 1
  from hop h where h.lane is not null and h.n < $5
), seen as (
  select h.lane, h.n = $5 as is_last, (
    coalesce((select o.available_at <= (select openclaw.now() - make_interval(secs => $4)) from openclaw.outbox o
      where o.target = $1 and o.lane = h.lane and o.ordered order by o.seq limit 1), false)
    or exists (select 1 from openclaw.outbox o where o.target = $1 and o.lane = h.lane and not o.ordered
      and o.available_at <= (select openclaw.now() - make_interval(secs => $4)))) as is_due
  from hop h where h.lane is not null
)
select lane, is_due, is_last from seen where is_due or is_last limit $3;

-- name: accept
-- The edge: inbox keys, owed rows and audit of a batch of updates, in one transaction.
-- Keys are taken in their own order, so that batches that cross each other do not deadlock. An event whose key was
-- forgotten while it is owed still is owed once.
with arrived as (
  select *, row_number() over (partition by key order by n) = 1 as first from unnest($1::text[], $2::bool[], $3::text[], $4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[]) with ordinality as
    x(key, owes, target, event_id, lane, envelope, outcome, event_type, source, trace_id, scope, reason, n)
), fresh as (
  insert into openclaw.inbox (key) select key from arrived where first order by key
  on conflict (key) do nothing returning key
), owed as (
  insert into openclaw.outbox (target, event_id, lane, envelope)
  select a.target, a.event_id, a.lane, a.envelope from arrived a join fresh f using (key) where a.owes and a.first order by a.n
  on conflict do nothing
), audited as (
  insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
    scope, reason)
  select 'gateway', case when f.key is null or not a.first then 'duplicate' else a.outcome end, a.event_id, a.event_type, a.source,
    a.target, a.trace_id, a.key, a.scope, a.reason
  from arrived a left join fresh f using (key) order by a.n
)
select key from fresh;

-- name: figures
select b.target, b.owed, b.oldest_s from openclaw.backlog() b;

-- name: dead_letter_count
select openclaw.dead_letter_count();

-- name: crowds
select lane, owed, is_admin from openclaw.crowds($1, $2, $3);

-- name: taken_in
select key from openclaw.inbox where key = any ($1::text[]);

-- name: forget_updates
select openclaw.forget_updates(make_interval(secs => $1::float8), $2);

-- name: forget_deliveries
select openclaw.forget_deliveries(make_interval(secs => $1::float8), $2);

-- name: forget_occasions
select openclaw.forget_occasions(make_interval(secs => $1::float8), $2);

-- name: forget_leftovers
select openclaw.forget_leftovers($1);

-- name: forget_audit
select openclaw.forget_audit(make_interval(secs => $1::float8));

-- name: note_retention
insert into openclaw.retention as r (kind, kept, removed, removed_ever)
values ($1, make_interval(secs => $2::float8), $3, $3)
on conflict (kind) do update set ran_at = openclaw.now(), kept = excluded.kept, removed = excluded.removed,
  removed_ever = r.removed_ever + excluded.removed;

-- name: ensure_partitions
select openclaw.ensure_audit_partitions();

-- name: audit
select * from (
  select extract(epoch from at)::float8 as at_s, * from openclaw.audit
  where ($1::text is null or trace_id = $1) and ($2::text is null or outcome = $2)
    and ($3::text is null or consumer = $3) and ($4::text is null or event_type = $4)
    and ($5::text is null or scope = $5) and ($6::uuid is null or event_id = $6)
    and ($7::float8 is null or at >= to_timestamp($7))
  order by at desc limit $8
) newest order by at;

-- name: audit_after
-- Transactions end in another order than `at` tells. What had ended when the mark was made was read then; every other
-- has a number not below the oldest that ran (pg_snapshot_xmin), and what of these was read is named. A row's xmin has
-- the lower 32 bits of its transaction's number. The lower bound of `at` serves the index alone.
select s.position::text::bigint as position, extract(epoch from s.at)::float8 as mark_s, r.*
from (select pg_snapshot_xmin(pg_current_snapshot()) as position, openclaw.wall_clock() as at) s
left join lateral (
  select extract(epoch from a.at)::float8 as at_s, a.*, a.tableoid::text || a.ctid::text as row_id, w.writer
  from openclaw.audit a cross join lateral (
    select t.ceiling - ((t.ceiling - a.xmin::text::bigint) & 4294967295) as writer
    from (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as ceiling) t) w
  where ($1::text is null or a.trace_id = $1) and ($2::text is null or a.outcome = $2)
    and ($3::text is null or a.consumer = $3) and ($4::text is null or a.event_type = $4)
    and ($5::text is null or a.scope = $5) and ($6::uuid is null or a.event_id = $6)
    and a.at >= to_timestamp(greatest($7::float8, coalesce($10::float8, extract(epoch from s.at)::float8) - 60))
    and w.writer >= coalesce($9::bigint, s.position::text::bigint) and a.tableoid::text || a.ctid::text <> all ($11::text[])
  order by a.at limit $8
) r on true order by r.at;

-- name: those_letters
-- A fragment: which letters are meant.
($1::text is null or target = $1) and ($2::text is null or event_type = $2)
and ($3::text is null or strpos(lower(array_to_string(reasons, E'\n')), lower($3)) > 0)
and ($4::text is null or lane = $4) and ($5::text is null or (trace_id >= $5 and trace_id < $5 || 'g'))
and ($6::uuid is null or event_id = $6) and ($7::bigint is null or letter_id = $7)
and ($8::float8 is null or dead_at >= to_timestamp($8)) and ($9::float8 is null or dead_at < to_timestamp($9));

-- name: newest_letters
select * from (
  select extract(epoch from dead_at)::float8 as dead_s, * from openclaw.dead_letters
  where {{those_letters}} order by letter_id desc limit $10
) newest order by letter_id;

-- name: oldest_letters
select extract(epoch from dead_at)::float8 as dead_s, * from openclaw.dead_letters
where {{those_letters}} and letter_id > $11 and letter_id <= $12 order by letter_id limit $10;

-- name: count_letters
select count(*), coalesce(max(letter_id), 0) from openclaw.dead_letters where {{those_letters}};

-- name: redrive_letters
select letter_id, was_owed from openclaw.redrive_letters($1::bigint[]);

-- name: discard_letters
select letter_id from openclaw.discard_letters($1::bigint[], $2);

-- name: delivery_trace
-- The audit row of a delivery is written in its transaction, so only rows of about that time are looked at.
select a.trace_id from openclaw.deliveries d join openclaw.audit a on a.idempotency_key = d.key
  and a.at between d.settled_at - interval '5 minutes' and d.settled_at + interval '5 minutes'
where d.lane = $1 and d.message_id = $2 and a.trace_id is not null order by a.at limit 1;

-- name: traces
-- A range, which the index serves whatever the collation: after the prefix come hex digits, all of them before "g".
select distinct a.trace_id from openclaw.audit a
where a.trace_id >= $1::text and a.trace_id < $1::text || 'g' order by a.trace_id limit $2;

-- name: read_people
select subject, standing, name, decided_by, extract(epoch from changed_at)::float8 as changed_at,
  coalesce(extract(epoch from code_until - openclaw.now()), 0)::float8 as code_left_s,
  case when wrong_since > openclaw.now() - make_interval(secs => $2) then wrong_codes else 0 end as wrong_codes
from openclaw.access where subject = any ($1::text[]);

-- name: read_codes
-- What somebody asked by. Not locked: approving twice is approving once.
select code_hash, subject, name, null as standing, extract(epoch from code_until - openclaw.now())::float8 as left_s
from openclaw.access where code_hash = any ($1::text[]) and code_until > openclaw.now();

-- name: read_invitations
-- What somebody was invited with. Locked, so that it serves once.
select code_hash, null as subject, '' as name, standing, extract(epoch from expires_at - openclaw.now())::float8 as left_s
from openclaw.invitations where code_hash = any ($1::text[]) and expires_at > openclaw.now() order by code_hash for update;

-- name: lock_asking
-- One at a time counts who asks and adds to them, so that the bound holds over all replicas.
select pg_advisory_xact_lock(hashtextextended('openclaw asking ' || $1::text, 0));

-- name: count_asking
select count(*) filter (where subject not like '%:-%') as users, count(*) filter (where subject like '%:-%') as chats
from openclaw.access
where standing = 'asked' and code_until > openclaw.now() and subject >= $1::text || ':' and subject < $1::text || ';';

-- name: list_people
-- A bot's subjects are those that begin with its id and a colon, which the semicolon follows. Those who ask never push
-- those who were decided about out of the list, nor do members push out owners and admins.
with mine as (
  select subject, standing, name, decided_by, extract(epoch from changed_at)::float8 as changed_at,
    coalesce(extract(epoch from code_until - openclaw.now()), 0)::float8 as code_left_s,
    case when wrong_since > openclaw.now() - make_interval(secs => $3) then wrong_codes else 0 end as wrong_codes
  from openclaw.access where subject >= $1::text || ':' and subject < $1::text || ';'
)
(select * from mine where standing = 'asked' and code_left_s > 0 order by changed_at desc, subject limit $2)
union all
(select * from mine where standing not in ('stranger', 'asked') 
  order by standing in ('owner', 'admin') desc, changed_at desc, subject limit $2);

-- name: ask_access
-- Who was decided about already is not asked about again.
insert into openclaw.access as a (subject, standing, name, code_hash, code_until)
values ($1, 'asked', $2, $3, openclaw.now() + make_interval(secs => $4))
on conflict (subject) do update set standing = 'asked', name = excluded.name, code_hash = excluded.code_hash,
  code_until = excluded.code_until, changed_at = openclaw.now()
where a.standing in ('stranger', 'asked');

-- name: set_standing
with ended as (
  delete from openclaw.invitations where made_by = $1 and $2 not in ('admin', 'owner')
)
insert into openclaw.access as a (subject, standing, name, decided_by) values ($1, $2, $3, $4)
on conflict (subject) do update set standing = excluded.standing,
  name = case when excluded.name = '' then a.name else excluded.name end, decided_by = excluded.decided_by,
  code_hash = null, code_until = null, wrong_codes = 0, wrong_since = null, changed_at = openclaw.now();

-- name: add_invitation
insert into openclaw.invitations (code_hash, bot_id, standing, expires_at, made_by)
values ($1, $2, $3, openclaw.now() + make_interval(secs => $4), $5) on conflict (code_hash) do nothing;

-- name: use_invitation
delete from openclaw.invitations where code_hash = $1;

-- name: count_wrong_code
insert into openclaw.access as a (subject, standing, wrong_codes, wrong_since) values ($1, 'stranger', 1, openclaw.now())
on conflict (subject) do update set
  wrong_codes = case when a.wrong_since > openclaw.now() - make_interval(secs => $2) then a.wrong_codes + 1 else 1 end,
  wrong_since = case when a.wrong_since > openclaw.now() - make_interval(secs => $2) then a.wrong_since else openclaw.now() end;

-- name: move_access
-- What was decided of a group holds for the supergroup that it became, unless something was decided of that already.
insert into openclaw.access as a (subject, standing, name, decided_by)
select $2, standing, name, decided_by from openclaw.access
where subject = $1 and standing not in ('stranger', 'asked')
on conflict (subject) do update set standing = excluded.standing, name = excluded.name,
  decided_by = excluded.decided_by, code_hash = null, code_until = null, wrong_codes = 0, wrong_since = null,
  changed_at = openclaw.now() where a.standing in ('stranger', 'asked');

-- name: mark_reachable
update openclaw.chats set unreachable_since = null, unreachable_reason = null where bot_id = $1 and chat_id = $2;

-- name: first_runs
select t.trace, f.key, f.outcome, f.reason from unnest($1::text[]) as t(trace)
cross join lateral openclaw.first_run(t.trace) f;

-- name: behind_a_retry
select m.event_id from openclaw.outbox m
where m.target = $1 and m.event_id = any ($2::uuid[]) and exists (
  select 1 from openclaw.outbox o
  where o.target = m.target and o.lane = m.lane and not o.ordered and o.seq < m.seq);

-- name: note_decision
-- What an operator decided: messages to owe and rows of the audit.
with owed as (
  insert into openclaw.outbox (target, event_id, lane, envelope)
  select x.target, x.event_id, x.lane, x.envelope
  from unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[]) as x(target, event_id, lane, envelope)
)
insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
  cause, scope, attempt, reason, duration_ms)
select 'operator', x.* from unnest($5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[],
  $11::text[], $12::uuid[], $13::text[], $14::int[], $15::text[], $16::real[]) as x;

-- name: task_columns
-- A fragment: a task as it is read.
t.task_id, t.number, t.title, t.status, t.due_at, t.remind_at, t.zone, t.rule, t.priority, t.tags, t.late, t.times_said,
t.is_paused, t.thread_id, t.created_by, t.created_by_name, t.assigned_to, t.assigned_to_name, t.closed_by,
t.closed_by_name, t.language, t.created_at, t.closed_at;

-- name: tasks_by_ids
-- Locked in one order, so that two that want the same tasks do not block each other.
select t.scope, {{task_columns}} from unnest($1::text[], $2::uuid[]) as x(scope, task_id)
join openclaw.tasks t on t.task_id = x.task_id and t.scope = x.scope
order by t.task_id for no key update of t;

-- name: tasks_by_numbers
select t.scope, {{task_columns}} from unnest($1::text[], $2::int[]) as x(scope, number)
join openclaw.tasks t on t.scope = x.scope and t.number = x.number
order by t.task_id for no key update of t;

-- name: tally_tasks
select s.scope,
  coalesce((select max(t.number) from openclaw.tasks t where t.scope = s.scope), 0) + 1 as next_number,
  (select count(*) from openclaw.tasks t where t.scope = s.scope and t.status = 'open' and t.number > 0)
    as open_tasks
from unnest($1::text[]) as s(scope);

-- name: wanted_pages
-- A fragment: which page of its tasks each scope wants. Words are joined, since arrays in an array must be of one length.
unnest($1::text[], $2::text[], $3::bool[], $4::timestamptz[], $5::text[], $6::text[], $7::int[], $8::int[])
  as w(scope, status, is_overdue, due_before, tag, words, size, begin);

-- name: those_tasks
-- A fragment: the tasks of a scope that a page is of, but for their status and when they are due. The digest is on none.
from openclaw.tasks t where t.scope = w.scope and t.number > 0 and (w.tag is null or w.tag = any (t.tags))
and not exists (select from unnest(string_to_array(w.words, E'\x1f')) as x(word) where strpos(t.folded, x.word) = 0);

-- name: those_open_ones
-- A fragment: that they are open stands here in the words that the index of open tasks was made with.
and t.status = 'open' and (not w.is_overdue or t.due_at < openclaw.now())
and (w.due_before is null or t.due_at < w.due_before);

-- name: open_pages
-- For each scope how many there are, and the tasks of the page, or a row without one.
select w.scope, c.total, p.* from {{wanted_pages}}
cross join lateral (select count(*) as total {{those_tasks}} {{those_open_ones}}) c
left join lateral (
  select {{task_columns}}, row_number() over (order by t.priority desc, t.due_at nulls last, t.number) as place
  {{those_tasks}} {{those_open_ones}} order by place limit w.size offset w.begin
) p on true
order by w.scope, p.place;

-- name: pages
-- The same of tasks of any status.
select w.scope, c.total, p.* from {{wanted_pages}}
cross join lateral (select count(*) as total {{those_tasks}} and (w.status is null or t.status = w.status)) c
left join lateral (
  select {{task_columns}}, row_number() over (order by t.status <> 'open', t.closed_at desc nulls first,
    t.priority desc, t.due_at nulls last, t.number) as place
  {{those_tasks}} and (w.status is null or t.status = w.status) order by place limit w.size offset w.begin
) p on true
order by w.scope, p.place;

-- name: read_occasions
select o.task_id, o.bucket, o.kept, o.at, o.reason from openclaw.occasions o
where o.scope = $1 and o.task_id = $2 order by o.bucket desc limit $3;

-- name: moved_scopes
select x.scope, c.moved_to from unnest($1::text[], $2::bigint[], $3::bigint[]) as x(scope, bot_id, chat_id)
join openclaw.chats c on c.bot_id = x.bot_id and c.chat_id = x.chat_id where c.moved_to is not null;

-- name: read_contacts
-- For each scope that has any: the occasions that its chat was not told of, or a row without one.
select s.scope, p.has_paused, p.is_unreachable, o.bucket, o.kept, o.at, o.reason, {{task_columns}}
from unnest($1::text[]) as s(scope)
cross join lateral (
  select exists (select from openclaw.tasks t where t.scope = s.scope and t.status = 'open' and t.is_paused) as has_paused,
    exists (select from openclaw.chats c where c.unreachable_since is not null
      and c.bot_id = split_part(s.scope, ':', 1)::bigint
      and c.chat_id = substr(split_part(s.scope, ':', 2), 2)::bigint) as is_unreachable
) p
left join lateral (
  select * from openclaw.occasions o where o.scope = s.scope and o.kept = 'ambiguous' and not o.told
  order by o.bucket limit $2
) o on true
left join openclaw.tasks t on t.task_id = o.task_id
where p.has_paused or p.is_unreachable or t.task_id is not null order by s.scope, o.bucket, t.number;

-- name: given_tasks
-- A fragment: tasks as they are written. Tags are joined, since arrays in an array must be of one length.
unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
  $9::text[], $10::text[], $11::int[], $12::text[], $13::text[], $14::int[], $15::bool[], $16::bigint[],
  $17::bigint[], $18::text[], $19::bigint[], $20::text[], $21::bigint[], $22::text[], $23::text[], $24::timestamptz[],
  $25::timestamptz[]) as x(scope, task_id, number, title, folded, status, due_at, remind_at, zone, rule, priority, tags,
  late, times_said, is_paused, thread_id, created_by, created_by_name, assigned_to, assigned_to_name, closed_by,
  closed_by_name, language, created_at, closed_at);

-- name: add_tasks
insert into openclaw.tasks (scope, task_id, number, title, folded, status, due_at, remind_at, zone, rule, priority,
  tags, late, times_said, is_paused, thread_id, created_by, created_by_name, assigned_to, assigned_to_name, closed_by,
  closed_by_name, language, created_at, closed_at)
select x.scope, x.task_id, x.number, x.title, x.folded, x.status, x.due_at, x.remind_at, x.zone, x.rule, x.priority,
  string_to_array(x.tags, E'\x1f'), x.late, x.times_said, x.is_paused, x.thread_id, x.created_by, x.created_by_name,
  x.assigned_to, x.assigned_to_name, x.closed_by, x.closed_by_name, x.language, x.created_at, x.closed_at
from {{given_tasks}};

-- name: put_tasks
-- What never changes is not written: the number, and who made it when.
update openclaw.tasks t set title = x.title, folded = x.folded, status = x.status, due_at = x.due_at,
  remind_at = x.remind_at, zone = x.zone, rule = x.rule, priority = x.priority,
  tags = string_to_array(x.tags, E'\x1f'), late = x.late, times_said = x.times_said, is_paused = x.is_paused,
  thread_id = x.thread_id, assigned_to = x.assigned_to, assigned_to_name = x.assigned_to_name,
  closed_by = x.closed_by, closed_by_name = x.closed_by_name, language = x.language, closed_at = x.closed_at
from {{given_tasks}} where t.task_id = x.task_id and t.scope = x.scope;

-- name: keep_occasions
insert into openclaw.occasions (task_id, bucket, scope, kept, reason)
select t.task_id, x.bucket, t.scope, x.kept, x.reason
from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[]) as x(scope, task_id, bucket, kept, reason)
join openclaw.tasks t on t.task_id = x.task_id and t.scope = x.scope
order by t.task_id, x.bucket
on conflict (task_id, bucket) do update set kept = excluded.kept, reason = excluded.reason, at = openclaw.now(), told = false;

-- name: arrived_occasions
-- As where a dead letter was redriven. What somebody skipped stays so.
update openclaw.occasions o set kept = 'late', reason = x.reason, at = openclaw.now()
from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[]) as x(scope, task_id, bucket, reason)
where o.task_id = x.task_id and o.bucket = x.bucket and o.scope = x.scope and o.kept in ('ambiguous', 'paused', 'superseded');

-- name: told_occasions
update openclaw.occasions o set told = true
from unnest($1::text[], $2::uuid[], $3::timestamptz[]) as x(scope, task_id, bucket)
where o.task_id = x.task_id and o.bucket = x.bucket and o.scope = x.scope;

-- name: await_pausing
-- Before paused tasks are resumed: a scheduler that took the chat for one that cannot be reached may be pausing more of
-- them. Those that come due until this transaction has ended count, too. It is reckoned so that the index of what is due,
-- which holds everybody's, does not serve.
select from openclaw.tasks t
where t.scope = any ($1::text[]) and t.status = 'open' and t.remind_at - interval '1 minute' <= openclaw.now()
order by t.task_id for no key update;

-- name: resume_tasks
update openclaw.tasks t set remind_at = greatest(openclaw.now(), t.due_at), is_paused = false
where t.scope = any ($1::text[]) and t.status = 'open' and t.is_paused;

-- name: task_state
-- What operators see of a task: nothing that people wrote. It is named by its id, or by its scope and number.
select t.task_id, t.scope, t.number, t.status, t.due_at, t.remind_at, t.rule, t.zone, t.late, t.times_said, t.is_paused,
  t.created_at, t.closed_at
from openclaw.tasks t where t.task_id = $1 or (t.scope = $2 and t.number = $3);

-- name: task_ledger
select o.task_id, o.bucket, o.kept, o.at, o.reason, o.told from openclaw.occasions o
where o.task_id = $1 order by o.bucket desc limit $2;

-- name: reminder_figures
-- Each is read from an index of nothing else.
select d.overdue, d.oldest_s,
  (select count(*) from openclaw.tasks t where t.status = 'open' and t.is_paused) as paused,
  (select count(*) from openclaw.occasions o where o.kept = 'ambiguous' and not o.told) as untold
from (
  select count(*) as overdue, coalesce(extract(epoch from openclaw.now() - min(t.remind_at)), 0)::float8 as oldest_s
  from openclaw.tasks t where t.status = 'open' and t.remind_at <= openclaw.now()
) d;

-- name: kept_since
select o.kept, count(*) as occasions from openclaw.occasions o where o.at >= $1 group by o.kept;

-- name: coming_reminders
select t.remind_at, t.scope, t.number, t.task_id from openclaw.tasks t
where t.status = 'open' and t.remind_at is not null order by t.remind_at, t.task_id limit $1;

-- name: agenda_now
select openclaw.now();

-- name: due_tasks
-- What is due, locked so that no other has it; what another has is left out. Each mark that stands of another run is of
-- one that did not end.
with due as materialized (
  select t.* from openclaw.tasks t where t.status = 'open' and t.remind_at <= openclaw.now()
  order by t.remind_at limit $1 for no key update skip locked
)
select t.scope, {{task_columns}},
  (select count(*)::int from openclaw.runs r where r.target = 'scheduler' and r.run_id <> $2 and t.task_id = any (r.event_ids)) as deaths
from due t order by t.remind_at;

-- name: forget_marks
delete from openclaw.runs r where r.target = 'scheduler' and r.run_id <> $1 and not exists (
  select from openclaw.tasks t where t.task_id = any (r.event_ids) and t.remind_at <= openclaw.now());

-- name: survive_marks
update openclaw.runs r set event_ids = array(select e from unnest(r.event_ids) e where e <> all ($1::uuid[]))
where r.target = 'scheduler' and r.run_id <> $2 and r.event_ids && $1::uuid[];

-- name: bury_tasks
insert into openclaw.dead_letters (target, event_id, lane, attempt, deaths, reasons, envelope)
select x.target, x.event_id, x.lane, 0, x.deaths, array[x.reason], x.envelope
from unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::bytea[])
  as x(target, event_id, lane, deaths, reason, envelope)
on conflict do nothing;

-- name: unreachable_scopes
-- Only now that the tasks are locked: contact that was made meanwhile has been seen, and contact to come waits for them.
-- The scopes' names tell their chats.
select s.scope from unnest($1::text[]) as s(scope)
join openclaw.chats c on c.bot_id = split_part(s.scope, ':', 1)::bigint
  and c.chat_id = substr(split_part(s.scope, ':', 2), 2)::bigint
where c.unreachable_since is not null;

-- name: keep_firings
-- What stands of an occasion stays if it was said, or may have been. Returns what was written.
insert into openclaw.occasions as o (task_id, bucket, scope, kept, reason)
select t.task_id, x.bucket, t.scope, x.kept, x.reason
from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[]) as x(task_id, bucket, kept, reason)
join openclaw.tasks t on t.task_id = x.task_id
order by t.task_id, x.bucket
on conflict (task_id, bucket) do update set kept = excluded.kept, reason = excluded.reason, at = openclaw.now()
where o.kept in ('paused', 'skipped', 'superseded')
returning o.task_id, o.bucket;

-- name: apply_agenda
-- Owes and audits what fired, and moves the tasks on. Returns how many were moved. What is owed still, as a reminder
-- that was planned anew may be, is owed once.
with owed as (
  insert into openclaw.outbox (target, event_id, lane, available_at, cause, envelope)
  select x.target, x.event_id, x.lane, openclaw.now() + make_interval(secs => x.delay_s), x.cause, x.envelope
  from unnest($1::text[], $2::uuid[], $3::text[], $4::float8[], $5::uuid[], $6::bytea[])
    with ordinality as x(target, event_id, lane, delay_s, cause, envelope, n)
  order by x.n
  on conflict do nothing
), audited as (
  insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
    cause, scope, attempt, reason, duration_ms)
  select $7, x.* from unnest($8::text[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::uuid[], $16::text[], $17::int[], $18::text[], $19::real[]) as x
), moved as (
  update openclaw.tasks t set due_at = x.due_at, remind_at = x.remind_at, reminded_at = openclaw.now(), times_said = x.times_said,
    is_paused = x.is_paused
  from unnest($20::uuid[], $21::timestamptz[], $22::timestamptz[], $23::int[], $24::bool[])
    as x(task_id, due_at, remind_at, times_said, is_paused)
  where t.task_id = x.task_id returning 1
)
select count(*) from moved;

-- name: clock_ahead
select ahead from openclaw.clock;

-- name: move_clock
-- To an instant, as the clock shows it from now on; never back.
update openclaw.clock set ahead = greatest(ahead, ahead + ($1::timestamptz - openclaw.wall_clock())) returning ahead;

-- name: look_ahead
-- The owner's: what waits for an instant that is to come, such as a retry, is no rest either unless it is far off.
select
  (select min(t.remind_at) from openclaw.tasks t where t.status = 'open' and t.remind_at > openclaw.now()) as next_at,
  not exists (select from openclaw.tasks t where t.status = 'open' and t.remind_at <= openclaw.now())
  and not exists (select from openclaw.outbox o where o.available_at < openclaw.now() + interval '1 minute')
  and not exists (select from openclaw.claims c where c.claimed_until > openclaw.now()) as is_at_rest;

-- name: read_setting
select value from openclaw.settings where scope = $1 and name = $2;

-- name: lock_notice
-- One at a time tells admins of dead letters. A statement of its own, as with lanes.
select pg_try_advisory_xact_lock(hashtextextended('openclaw notice of dead letters', 0));

-- name: letter_state
select extract(epoch from openclaw.now())::float8 as now, openclaw.dead_letter_count() as letters,
  openclaw.is_letter_known() as is_known,
  (select extract(epoch from updated_at)::float8 from openclaw.runtime where name = 'dead_letters_told') as told_at,
  (select extract(epoch from updated_at)::float8 from openclaw.runtime where name = 'dead_letters_seen') as seen_at;

-- name: unknown_letters
select * from openclaw.unknown_letters();

-- name: tell_letters
select * from openclaw.tell_letters($1::bigint[]);

-- name: letters_were_told
insert into openclaw.runtime (name, value, applied) values ('dead_letters_told', '', true)
on conflict (name) do update set updated_at = openclaw.now();

-- name: see_letters
select openclaw.see_letters($1::bigint[]);

-- name: reachable_chats
-- Private chats that exist, as far as is known, and are not known to be out of reach.
select s.scope from unnest($1::text[], $2::bigint[], $3::bigint[]) as s(scope, bot_id, chat_id)
where (exists (select from openclaw.settings k where k.scope = s.scope)
    or exists (select from openclaw.access a where a.subject = s.bot_id || ':' || s.chat_id and a.name <> ''))
  and not exists (select from openclaw.chats c
    where c.bot_id = s.bot_id and c.chat_id = s.chat_id and c.unreachable_since is not null);

-- name: owe_and_audit
-- Owes and audits what follows from no row.
with {{settle_owe_audit}} select count(*) from settled;
