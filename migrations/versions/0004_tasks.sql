-- Tasks that remind, and the clock by which everything is reckoned.

-- One clock for every rule: Postgres's own, moved ahead by what stands here. Nothing but an owner can move it, as
-- `openclaw up` does where a day is played with the simulated Telegram; otherwise it is never moved.
create table openclaw.clock (
  is_only_row boolean primary key default true check (is_only_row),
  ahead interval not null default '0' check (ahead >= '0')
);
insert into openclaw.clock default values;
-- The instants at which the transaction began and the statement came, and the present instant. PL/pgSQL keeps the
-- plans, so a call costs some microseconds.
create function openclaw.now() returns timestamptz stable parallel safe language plpgsql as $$
begin return pg_catalog.now() + (select c.ahead from openclaw.clock c); end $$;
create function openclaw.statement_now() returns timestamptz stable parallel safe language plpgsql as $$
begin return pg_catalog.statement_timestamp() + (select c.ahead from openclaw.clock c); end $$;
create function openclaw.wall_clock() returns timestamptz volatile parallel safe language plpgsql as $$
begin return pg_catalog.clock_timestamp() + (select c.ahead from openclaw.clock c); end $$;

do $$
begin
  begin
    create role openclaw_scheduler nologin;
  exception when duplicate_object or unique_violation then
    null;
  end;
  -- An owner who is no superuser has to be a member, to take the role on.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    begin
      grant openclaw_scheduler to current_user;
    exception when insufficient_privilege then
      raise warning 'openclaw_scheduler was made by somebody else; have it granted to %', current_user;
    end;
  end if;
end $$;
grant usage on schema openclaw to openclaw_scheduler;
grant select on openclaw.clock to
  openclaw_gateway, openclaw_brain, openclaw_sender, openclaw_scheduler, openclaw_operator;

-- What went by Postgres's own clock goes by this one: what columns hold by default, and what functions do.
do $$
declare
  each record;
  moved text;
begin
  for each in
    select d.adrelid::regclass as place, a.attname as name, pg_get_expr(d.adbin, d.adrelid) as by_default
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    join pg_class c on c.oid = d.adrelid
    where c.relnamespace = 'openclaw'::regnamespace and pg_get_expr(d.adbin, d.adrelid) in ('now()', 'clock_timestamp()')
  loop
    moved := case each.by_default when 'now()' then 'openclaw.now()' else 'openclaw.wall_clock()' end;
    execute format('alter table %s alter column %I set default %s', each.place, each.name, moved);
  end loop;
  for each in
    select p.oid as place from pg_proc p
    where p.pronamespace = 'openclaw'::regnamespace and p.proname not in ('now', 'statement_now', 'wall_clock')
  loop
    moved := regexp_replace(pg_get_functiondef(each.place), '\mnow\(\)', 'openclaw.now()', 'g');
    moved := regexp_replace(moved, '\mclock_timestamp\(\)', 'openclaw.wall_clock()', 'g');
    if moved <> pg_get_functiondef(each.place) then
      execute moved;
    end if;
  end loop;
end $$;

-- As it was, but where rows of a month lie in the default partition already, as after a clock that jumped, they stay there
-- and the month goes without a partition of its own. Who waits for a long reader, such as a backup, holds up every row of
-- the audit behind itself, so it gives up soon; two months are ahead.
create or replace function openclaw.ensure_audit_partitions() returns void language plpgsql
  security definer set search_path = pg_catalog set lock_timeout = '500ms' as $$
declare
  first date := date_trunc('month', openclaw.now() at time zone 'UTC')::date;
  month date;
begin
  perform pg_advisory_xact_lock(hashtextextended('openclaw audit partitions', 0));
  for i in 0..2 loop
    month := (first + make_interval(months => i))::date;
    if to_regclass(format('openclaw.audit_%s', to_char(month, 'YYYY_MM'))) is null then
      begin
        execute format('create table openclaw.%I partition of openclaw.audit for values from (%L) to (%L)',
          'audit_' || to_char(month, 'YYYY_MM'),
          month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
        execute format('create trigger audit_no_truncate before truncate on openclaw.%I '
          'for each statement execute function openclaw.refuse_change()', 'audit_' || to_char(month, 'YYYY_MM'));
      exception when check_violation then
        null;
      end;
    end if;
  end loop;
end $$;

-- `due_at` is the occurrence that is meant, `remind_at` when something happens next by itself, `reminded_at` when the
-- scheduler last acted. `folded` is the title as it is searched.
alter table openclaw.tasks
  add column folded text not null default '',
  add column remind_at timestamptz,
  add column reminded_at timestamptz,
  add column zone text not null default 'UTC',
  add column rule text,
  add column priority smallint not null default 0 check (priority between -1 and 1),
  add column tags text[] not null default '{}',
  add column late text not null default 'label' check (late in ('label', 'skip', 'expire')),
  add column times_said integer not null default 0,
  add column is_paused boolean not null default false,
  add column thread_id bigint,
  add column language text,
  add column created_by_name text not null default '',
  add column assigned_to bigint,
  add column assigned_to_name text not null default '',
  add column closed_by bigint,
  add column closed_by_name text not null default '';
-- An owner who is no superuser is bound by the policies, too, and would see no task.
alter table openclaw.tasks no force row level security;
update openclaw.tasks set folded = lower(title);
alter table openclaw.tasks force row level security;
-- The scan for what is due reads the beginning of this index: it costs what is due and not what exists.
create index tasks_remind on openclaw.tasks (remind_at) where status = 'open' and remind_at is not null;
create index tasks_open on openclaw.tasks (scope) where status = 'open';
create index tasks_paused on openclaw.tasks (scope) where status = 'open' and is_paused;
-- A fired task leaves a dead entry at the beginning of the index, where the next scan begins.
alter table openclaw.tasks set (autovacuum_vacuum_scale_factor = 0.02);

-- What became of each occasion on which a task reminds: it stands here once, so it fires once. The bucket is the exact
-- instant of the occasion. `told`: an ambiguous one was mentioned to its chat.
create table openclaw.occasions (
  task_id uuid not null references openclaw.tasks on delete cascade,
  bucket timestamptz not null,
  scope text not null,
  kept text not null check (kept in ('fired', 'late', 'skipped', 'superseded', 'paused', 'ambiguous')),
  at timestamptz not null default openclaw.now(),
  reason text not null default '',
  told boolean not null default false,
  primary key (task_id, bucket)
);
create index occasions_untold on openclaw.occasions (scope, bucket) where kept = 'ambiguous' and not told;
create index occasions_at on openclaw.occasions using brin (at);

alter table openclaw.occasions enable row level security;
alter table openclaw.occasions force row level security;
create policy operator_reads on openclaw.occasions for select to openclaw_operator using (true);
create policy named_scopes on openclaw.occasions to openclaw_brain
  using (scope = any ((select string_to_array(current_setting('openclaw.scopes', true), ','))::text[]));
grant select on openclaw.occasions to openclaw_operator;
grant select, insert, update on openclaw.occasions to openclaw_brain;

-- The scheduler sees what is due, and what it has just acted on: a row that it writes must be one that it sees.
create policy scheduler_sees on openclaw.tasks for select to openclaw_scheduler
  using (status = 'open' and (remind_at <= openclaw.now() or reminded_at = openclaw.now()));
create policy scheduler_acts on openclaw.tasks for update to openclaw_scheduler
  using (status = 'open' and (remind_at <= openclaw.now() or reminded_at = openclaw.now()))
  with check (status = 'open' and reminded_at = openclaw.now());
grant select on openclaw.tasks to openclaw_scheduler;
grant update (due_at, remind_at, reminded_at, times_said, is_paused) on openclaw.tasks to openclaw_scheduler;
-- It keeps occasions of what it sees; the subquery is bound by the policy above.
create policy scheduler_keeps on openclaw.occasions to openclaw_scheduler
  using (exists (select from openclaw.tasks t where t.task_id = occasions.task_id and t.scope = occasions.scope));
grant select, insert on openclaw.occasions to openclaw_scheduler;
grant update (kept, at, reason) on openclaw.occasions to openclaw_scheduler;
-- It owes the brain what it makes, under its own name, and audits it.
create policy scheduler_owes on openclaw.outbox for insert to openclaw_scheduler
  with check (target = 'brain' and openclaw.label(envelope, 'source') = 'scheduler');
grant insert on openclaw.outbox, openclaw.audit to openclaw_scheduler;
grant execute on function openclaw.label(bytea, text) to openclaw_scheduler;
-- What it asks of a scope: quiet hours and the like, and whether the chat can be reached.
create policy named_scopes_of_scheduler on openclaw.settings for select to openclaw_scheduler
  using (scope = any ((select string_to_array(current_setting('openclaw.scopes', true), ','))::text[]));
grant select on openclaw.settings, openclaw.chats to openclaw_scheduler;

-- Forgets occasions of so long ago that nobody asks about them any more; what recurs once a year is asked about longest.
-- The policy is for the function's owner, who may be no superuser and then is a member of this role.
create policy operator_removes on openclaw.occasions for delete to openclaw_operator
  using (at < openclaw.now() - interval '400 days');
create function openclaw.forget_occasions() returns void
  language sql security definer set search_path = pg_catalog as $$
  delete from openclaw.occasions where at < openclaw.now() - interval '400 days'
$$;
revoke all on function openclaw.forget_occasions() from public;
grant execute on function openclaw.forget_occasions() to openclaw_brain;

-- With which chats contact is for something: they were not told of an ambiguous occasion, or tasks of theirs are paused.
-- It is asked of every chat whose events are handled, before its scope is named, and tells no more than that. The
-- operator's policies let the owner see the rows, as above.
create function openclaw.awaiting_lanes(lanes text[]) returns setof text
  language sql stable security definer set search_path = pg_catalog as $$
  -- A scope is its lane with a letter before the chat's id.
  select l.lane from unnest(lanes) as l(lane)
  cross join lateral (select array[replace(l.lane, ':', ':u'), replace(l.lane, ':-', ':c-')] as scopes) s
  where exists (select from openclaw.occasions o where o.kept = 'ambiguous' and not o.told and o.scope = any (s.scopes))
    or exists (select from openclaw.tasks t where t.status = 'open' and t.is_paused and t.scope = any (s.scopes))
$$;
revoke all on function openclaw.awaiting_lanes(text[]) from public;
grant execute on function openclaw.awaiting_lanes(text[]) to openclaw_brain;
