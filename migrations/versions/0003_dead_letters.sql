-- Dead letters that operators find, redrive and discard.

-- What may be told of an envelope, whatever its bytes are: a field that has the form in which we make it, else null.
-- Bytes that are no event may hold what somebody wrote, and that is never told.
create function openclaw.label(envelope bytea, field text) returns text
  language plpgsql immutable strict set search_path = pg_catalog as $$
declare
  form text := case field
    when 'event_type' then '^[a-z]{1,20}\.[a-z_]{1,40}$'
    when 'source' then '^[a-z][a-z0-9_-]{0,63}$'
    when 'trace_id' then '^(?!0{32}$)[0-9a-f]{32}$'
    when 'idempotency_key' then '^(tg|rem|sha256):[A-Za-z0-9:/._-]{1,190}$'
  end;
  found json;
begin
  found := convert_from(envelope, 'UTF8')::json -> field;
  if json_typeof(found) = 'string' and found #>> '{}' ~ form then
    return found #>> '{}';
  end if;
  return null;
exception when others then
  return null;
end $$;
revoke all on function openclaw.label(bytea, text) from public;
grant execute on function openclaw.label(bytea, text) to openclaw_brain, openclaw_sender;

-- `repeat`: an earlier call for the event is ambiguous, so it may have reached its chat. The claim that says so while the
-- row is owed goes when the row dies, and a redriven row shall still be marked as a possible repeat.
alter table openclaw.outbox add column repeat boolean not null default false;
alter table openclaw.dead_letters
  add column repeat boolean not null default false,
  add column event_type text generated always as (openclaw.label(envelope, 'event_type')) stored,
  add column source text generated always as (openclaw.label(envelope, 'source')) stored,
  add column trace_id text generated always as (openclaw.label(envelope, 'trace_id')) stored,
  add column idempotency_key text generated always as (openclaw.label(envelope, 'idempotency_key')) stored;
update openclaw.dead_letters d set repeat = true where exists (
  select from openclaw.audit a
  where a.trace_id = d.trace_id and a.event_id = d.event_id and a.outcome = 'ambiguous');

-- The audit gets no further index. It is written four times for every message: one on its random event ids costs 60 per
-- cent of such a write and doubles its log, one on scopes three quarters; both questions are bounded by `--since`.
-- Few letters die, so what makes them quick to find costs next to nothing.
create index dead_letters_at on openclaw.dead_letters (dead_at);
create index dead_letters_event on openclaw.dead_letters (event_id);
create index dead_letters_trace on openclaw.dead_letters (trace_id);
create index dead_letters_lane on openclaw.dead_letters (lane);

-- `openclaw trace CHAT/MESSAGE`: which delivery made a message.
create index deliveries_message on openclaw.deliveries (lane, message_id) where message_id is not null;

-- Who owns the data of a chat, from the lane of its events: `{bot}:{chat}` becomes `{bot}:u{user}` or `{bot}:c{group}`.
create function openclaw.scope_of_lane(lane text) returns text
  language sql immutable set search_path = pg_catalog as $$
  select case
    when lane ~ '^[0-9]+:-[0-9]+$' then replace(lane, ':', ':c')
    when lane ~ '^[0-9]+:[0-9]+$' then replace(lane, ':', ':u')
  end
$$;

-- Operators move letters through these two functions and have no other right to change them. The policy is for the
-- functions' owner, who may be no superuser and then is a member of this role; the role itself has no right to delete.
create policy operator_removes on openclaw.dead_letters for delete to openclaw_operator using (true);

-- Moves letters back to what is owed, each to the end of its lane, as if it had never been tried. Returns those that
-- were still there, and whether the event was owed already: then it is owed once, and only the letter goes.
-- An expired claim of the letter's row would hold its chat for it, while the row stands behind others: it goes, too.
create function openclaw.redrive_letters(ids bigint[]) returns table (letter_id bigint, was_owed boolean)
  language sql security definer set search_path = pg_catalog as $$
  select pg_advisory_xact_lock(hashtextextended('openclaw dead letters', 0));
  with gone as (
    delete from openclaw.dead_letters d where d.letter_id = any (ids) returning d.*
  ), owed as (
    insert into openclaw.outbox (target, event_id, lane, cause, envelope, repeat)
    select g.target, g.event_id, g.lane, g.cause, g.envelope, g.repeat from gone g order by g.letter_id
    on conflict (target, event_id) do nothing returning target, event_id
  ), freed as (
    delete from openclaw.claims c using gone g
    where c.lane = g.lane and c.target = g.target and c.event_id = g.event_id and c.claimed_until <= clock_timestamp()
  ), moved as (
    select g.*, o.event_id is null as was_owed
    from gone g left join owed o on o.target = g.target and o.event_id = g.event_id
  ), audited as (
    insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
      cause, scope, attempt, reason)
    select 'operator', 'redriven', m.event_id, m.event_type, m.source, m.target, m.trace_id, m.idempotency_key,
      m.cause, openclaw.scope_of_lane(m.lane), m.attempt,
      case when m.was_owed then 'it was owed already; only the letter was removed' else '' end
    from moved m order by m.letter_id
  )
  select m.letter_id, m.was_owed from moved m order by m.letter_id;
$$;

-- Removes letters for ever. Returns those that were still there.
create function openclaw.discard_letters(ids bigint[], why text) returns table (letter_id bigint)
  language sql security definer set search_path = pg_catalog as $$
  select pg_advisory_xact_lock(hashtextextended('openclaw dead letters', 0));
  with gone as (
    delete from openclaw.dead_letters d where d.letter_id = any (ids) returning d.*
  ), audited as (
    insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
      cause, scope, attempt, reason)
    select 'operator', 'discarded', g.event_id, g.event_type, g.source, g.target, g.trace_id, g.idempotency_key,
      g.cause, openclaw.scope_of_lane(g.lane), g.attempt, why
    from gone g order by g.letter_id
  )
  select g.letter_id from gone g order by g.letter_id;
$$;
revoke all on function openclaw.redrive_letters(bigint[]), openclaw.discard_letters(bigint[], text) from public;
grant execute on function openclaw.redrive_letters(bigint[]), openclaw.discard_letters(bigint[], text)
  to openclaw_operator;
