-- Who owes how much, and what is forgotten when.

-- How much is owed: a row without a lane for all of it, where a chat's bulk counts for a hundred at most, one for each lane that owes at least so much (`sender-bulk` left
-- out, since what is in bulk is no answer to anybody), the greatest first, and, where they are asked for, the lanes of
-- the private chats of owners and admins. The gateway turns chats away by it and sees no row of anybody.
create function openclaw.crowds(owes bigint, at_most integer, with_admins boolean)
  returns table (lane text, owed bigint, is_admin boolean)
  language plpgsql stable security definer set search_path = pg_catalog as $$
begin
  return query with counted as materialized (
    select o.lane, count(*) filter (where o.target <> 'sender-bulk') as owed,
      count(*) filter (where o.target <> 'sender-bulk')
        + least(100, count(*) filter (where o.target = 'sender-bulk')) as in_all
    from openclaw.outbox o group by o.lane
  )
  select null::text, coalesce(sum(c.in_all), 0)::bigint, false from counted c
  union all (select c.lane, c.owed, false from counted c where c.owed >= owes order by c.owed desc, c.lane limit at_most)
  union all (select a.subject collate "default", 0::bigint, true from openclaw.access a
    where with_admins and a.standing in ('owner', 'admin') and a.subject !~ ':-' limit at_most);
end $$;
revoke all on function openclaw.crowds(bigint, integer, boolean) from public;
grant execute on function openclaw.crowds(bigint, integer, boolean) to openclaw_gateway, openclaw_operator;

-- When something was last forgotten, by kind, and how much. `kept` is how long it is kept, null: for ever, or as long as
-- it is needed.
create table openclaw.retention (
  kind text primary key,
  ran_at timestamptz not null default openclaw.now(),
  kept interval,
  removed bigint not null,
  removed_ever bigint not null
);
grant select, insert, update on openclaw.retention to openclaw_scheduler;
grant select on openclaw.retention to openclaw_operator;

-- What is forgotten is forgotten by these functions and by nothing else. Each removes at most a batch, tells how many
-- rows that were, and decides by itself what may go: whoever calls it can only ask for more to be kept.
drop function openclaw.forget_updates();
drop function openclaw.forget_occasions();
drop policy operator_removes on openclaw.occasions;
revoke execute on function openclaw.ensure_audit_partitions() from openclaw_brain, openclaw_sender;
grant execute on function openclaw.ensure_audit_partitions() to openclaw_scheduler;

create function openclaw.refuse_unless(fits boolean, rule text) returns void
  language plpgsql set search_path = pg_catalog as $$
begin
  if fits is not true then
    raise exception 'refused: %', rule using errcode = 'invalid_parameter_value';
  end if;
end $$;

-- While something of a chat is owed, to whomever, or a dead letter of it stands, what is known of its past may be asked
-- for. Such rows may be many and stay at the front, so they are told by joins and not one by one.

-- Keys of updates. Telegram repeats an update for 24 hours, and after a week without any it may give ids again that it
-- gave before: https://core.telegram.org/bots/api#update
create function openclaw.forget_updates(term interval, batch integer) returns bigint
  language plpgsql security definer set search_path = pg_catalog set enable_bitmapscan = on as $$
declare
  removed bigint;
begin
  perform openclaw.refuse_unless(term > interval '48 hours' and term < interval '7 days',
    'keys of updates are kept longer than 48 hours and shorter than 7 days');
  delete from openclaw.inbox i where i.ctid = any (array(
    select each.ctid from openclaw.inbox each where each.arrived_at < openclaw.now() - term
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  return removed;
end $$;

-- The ledger of deliveries: what was sent, so that it is not sent again. It outlives the key of the update that led to
-- it, and whatever of its chat is owed or a dead letter.
create index deliveries_settled on openclaw.deliveries using brin (settled_at);
create function openclaw.forget_deliveries(term interval, batch integer) returns bigint
  language plpgsql security definer set search_path = pg_catalog set enable_bitmapscan = on as $$
declare
  removed bigint;
begin
  perform openclaw.refuse_unless(term >= interval '7 days', 'deliveries are kept 7 days at least');
  delete from openclaw.deliveries d where d.ctid = any (array(
    select each.ctid from openclaw.deliveries each
    where each.settled_at < openclaw.now() - term
      and not exists (select from openclaw.outbox o
        where o.target in ('brain', 'sender', 'sender-bulk') and o.lane = each.lane)
      and not exists (select from openclaw.dead_letters x where x.lane = each.lane)
    limit batch for update of each skip locked));
  get diagnostics removed = row_count;
  return removed;
end $$;

-- The ledger of occasions: on which a task reminded, so that it does not again. Kept besides are: one that its chat is
-- still to be told of; of an open task the last one, and whatever is not behind where the task stands; and all of a chat
-- of which something is owed or a dead letter.
-- The policy is for the function's owner, who may be no superuser and then is a member of this role.
create policy operator_removes on openclaw.occasions for delete to openclaw_operator
  using (at < openclaw.now() - interval '31 days');
create function openclaw.forget_occasions(term interval, batch integer) returns bigint
  language plpgsql security definer set search_path = pg_catalog set enable_bitmapscan = on as $$
declare
  removed bigint;
begin
  perform openclaw.refuse_unless(term >= interval '31 days', 'occasions are kept 31 days at least');
  delete from openclaw.occasions o where o.ctid = any (array(
    select each.ctid from openclaw.occasions each join openclaw.tasks t on t.task_id = each.task_id
    where each.at < openclaw.now() - term and each.bucket < openclaw.now() - term
      and (each.kept <> 'ambiguous' or each.told)
      and (t.status <> 'open' or (
        each.bucket < coalesce(least(t.due_at, t.remind_at), 'infinity')
        and exists (select from openclaw.occasions later where later.task_id = each.task_id and later.bucket > each.bucket)))
      and not exists (select from openclaw.outbox o
        where o.target in ('brain', 'sender', 'sender-bulk') and o.lane = regexp_replace(each.scope, ':[uc]', ':'))
      and not exists (select from openclaw.dead_letters x where x.lane = regexp_replace(each.scope, ':[uc]', ':'))
    limit batch for update of each skip locked));
  get diagnostics removed = row_count;
  return removed;
end $$;

-- What processes and strangers leave behind, of no use to anybody: marks of runs that ended or whose rows are gone,
-- claims that ran out and whose rows are gone, who asked or guessed a day ago and was not decided about, and invitations
-- that ran out a day ago.
create function openclaw.forget_leftovers(batch integer) returns bigint
  language plpgsql security definer set search_path = pg_catalog as $$
declare
  removed bigint;
  gone bigint;
begin
  delete from openclaw.runs r where r.run_id = any (array(
    select each.run_id from openclaw.runs each
    where each.started_at < openclaw.now() - interval '1 hour' and not exists (
      select from openclaw.outbox o where o.target = each.target and o.event_id = any (each.event_ids))
    -- A scheduler's marks are of tasks, and say what ended it for as long as these are due.
    and (each.target <> 'scheduler' or not exists (select from openclaw.tasks t
      where t.task_id = any (each.event_ids) and t.status = 'open' and t.remind_at <= openclaw.now()))
    limit batch for update skip locked));
  get diagnostics removed = row_count;
  delete from openclaw.claims c where c.lane = any (array(
    select each.lane from openclaw.claims each
    where each.claimed_until < openclaw.now() and not exists (
      select from openclaw.outbox o where o.target = each.target and o.event_id = each.event_id)
    limit batch for update skip locked));
  get diagnostics gone = row_count;
  removed := removed + gone;
  delete from openclaw.invitations i where i.code_hash = any (array(
    select each.code_hash from openclaw.invitations each where each.expires_at < openclaw.now() - interval '1 day'
    limit batch for update skip locked));
  get diagnostics gone = row_count;
  removed := removed + gone;
  delete from openclaw.access a where a.subject = any (array(
    select each.subject from openclaw.access each
    where each.standing in ('stranger', 'asked') and each.changed_at < openclaw.now() - interval '1 day'
      and coalesce(each.code_until, '-infinity') < openclaw.now()
      and coalesce(each.wrong_since, '-infinity') < openclaw.now() - interval '1 day'
    limit batch for update skip locked));
  get diagnostics gone = row_count;
  return removed + gone;
end $$;

-- A month of the audit, the oldest, with its partition, which is the only way in which rows of the audit ever go. It
-- goes when every row of it is older than that, and no trace in it goes on: none of which something is owed or a dead
-- letter. Dropping it needs the whole table for a moment, and gives up rather than have everybody wait.
-- Returns how many rows there were; null where no month may go.
create function openclaw.forget_audit(term interval) returns bigint
  language plpgsql security definer set search_path = pg_catalog set lock_timeout = '500ms' as $$
declare
  month record;
  found_one boolean;
  removed bigint;
begin
  perform openclaw.refuse_unless(term >= interval '90 days', 'the audit is kept 90 days at least');
  perform pg_advisory_xact_lock(hashtextextended('openclaw audit partitions', 0));
  for month in
    select format('openclaw.%I', c.relname) as place, c.reltuples,
      (to_date(substr(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' as ends
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'openclaw.audit'::regclass and c.relname ~ '^audit_[0-9]{4}_[0-9]{2}$' order by c.relname
  loop
    exit when month.ends > openclaw.now() - term;
    execute format('select exists (select from %s where at >= $1) or exists (
      select from (
        select openclaw.label(o.envelope, ''trace_id'') as trace_id from openclaw.outbox o
        union select d.trace_id from openclaw.dead_letters d
      ) open_one join %s a on a.trace_id = open_one.trace_id)', month.place, month.place)
      using openclaw.now() - term into found_one;
    continue when found_one;
    removed := month.reltuples;
    if removed < 100000 then
      execute format('select count(*) from %s', month.place) into removed;
    end if;
    execute format('drop table %s', month.place);
    insert into openclaw.audit (consumer, outcome, reason) values ('scheduler', 'discarded',
      format('%s, with %s rows, was older than %s days', month.place, removed, extract(epoch from term)::bigint / 86400));
    return removed;
  end loop;
  return null;
end $$;

revoke all on function openclaw.refuse_unless(boolean, text),
  openclaw.forget_updates(interval, integer), openclaw.forget_deliveries(interval, integer),
  openclaw.forget_occasions(interval, integer), openclaw.forget_leftovers(integer), openclaw.forget_audit(interval)
  from public;
grant execute on function openclaw.forget_updates(interval, integer), openclaw.forget_deliveries(interval, integer),
  openclaw.forget_occasions(interval, integer), openclaw.forget_leftovers(integer), openclaw.forget_audit(interval)
  to openclaw_scheduler;
