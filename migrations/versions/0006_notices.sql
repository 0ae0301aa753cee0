-- Admins are told of dead letters once, however many die together and whoever of the services lets them.

-- As it was, and a notice is known by its key, so that nobody is told of a notice that became a letter.
create or replace function openclaw.label(envelope bytea, field text) returns text
  language plpgsql immutable strict set search_path = pg_catalog as $$
declare
  form text := case field
    when 'event_type' then '^[a-z]{1,20}\.[a-z_]{1,40}$'
    when 'source' then '^[a-z][a-z0-9_-]{0,63}$'
    when 'trace_id' then '^(?!0{32}$)[0-9a-f]{32}$'
    when 'idempotency_key' then '^(tg|rem|notice|sha256):[A-Za-z0-9:/._-]{1,190}$'
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

-- `known`: admins were told of the letter, or somebody looked at it.
alter table openclaw.dead_letters add column known boolean not null default false;
create index dead_letters_unknown on openclaw.dead_letters (letter_id) where not known;
create index dead_letters_known on openclaw.dead_letters (letter_id) where known;

-- Letters are told of and seen through these functions alone. The policy is for their owner, who may be no superuser
-- and then is a member of this role; the role itself has no right to change letters.
create policy operator_notes on openclaw.dead_letters for update to openclaw_operator using (true);

-- A fragment of what follows: the bot whose chat a letter is of, and whether the letter is a notice.
create function openclaw.bot_of_lane(lane text) returns bigint
  language sql immutable set search_path = pg_catalog as $$
  select substring(lane from '^([0-9]{1,18}):')::bigint
$$;
create function openclaw.is_notice(key text) returns boolean
  language sql immutable set search_path = pg_catalog as $$
  select coalesce(starts_with(key, 'notice:'), false)
$$;

-- What died of what and nobody knows of yet, as counts. At most a thousand kinds, the latest first.
create function openclaw.unknown_letters() returns table (bot_id bigint, target text, event_type text, reason text,
  letters bigint, first_at double precision, last_id bigint)
  language sql stable security definer set search_path = pg_catalog as $$
  select openclaw.bot_of_lane(d.lane), d.target, d.event_type, coalesce(d.reasons[1], ''), count(*),
    extract(epoch from min(d.dead_at))::float8, max(d.letter_id)
  from openclaw.dead_letters d
  where not d.known and not openclaw.is_notice(d.idempotency_key) and openclaw.bot_of_lane(d.lane) is not null
  group by 1, 2, 3, 4 order by 7 desc limit 1000
$$;

-- Whether letters are still there that somebody knows of.
create function openclaw.is_letter_known() returns boolean
  language sql stable security definer set search_path = pg_catalog as $$
  select exists (select from openclaw.dead_letters d where d.known and not openclaw.is_notice(d.idempotency_key))
$$;

-- Lets the letters of these bots count as told, and returns the counts of those that did not yet. What somebody is about
-- to move is left out, so that neither waits for the other.
create function openclaw.tell_letters(bots bigint[]) returns table (bot_id bigint, target text, event_type text,
  reason text, letters bigint, first_at double precision, last_id bigint)
  language sql volatile security definer set search_path = pg_catalog as $$
  with unknown as materialized (
    select d.letter_id from openclaw.dead_letters d
    where not d.known and not openclaw.is_notice(d.idempotency_key) and openclaw.bot_of_lane(d.lane) = any (bots)
    for update skip locked
  ), told as (
    update openclaw.dead_letters d set known = true from unknown u where d.letter_id = u.letter_id returning d.*
  )
  select openclaw.bot_of_lane(t.lane), t.target, t.event_type, coalesce(t.reasons[1], ''), count(*),
    extract(epoch from min(t.dead_at))::float8, max(t.letter_id)
  from told t group by 1, 2, 3, 4 order by 1, 2, 3, 4
$$;

-- Notes that somebody looked, and knows of these letters.
create function openclaw.see_letters(ids bigint[]) returns void
  language sql volatile security definer set search_path = pg_catalog as $$
  insert into openclaw.runtime (name, value, applied) values ('dead_letters_seen', '', true)
  on conflict (name) do update set updated_at = openclaw.now();
  update openclaw.dead_letters d set known = true from (
    select s.letter_id from openclaw.dead_letters s where s.letter_id = any (ids) and not s.known for update skip locked
  ) u where d.letter_id = u.letter_id;
$$;

revoke all on function openclaw.unknown_letters(), openclaw.is_letter_known(), openclaw.tell_letters(bigint[]),
  openclaw.see_letters(bigint[]) from public;
grant execute on function openclaw.unknown_letters(), openclaw.is_letter_known(), openclaw.tell_letters(bigint[])
  to openclaw_brain;
grant execute on function openclaw.see_letters(bigint[]) to openclaw_operator;
