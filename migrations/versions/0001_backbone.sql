-- The truth of OpenClaw: what is owed, what was done, and to whom data belongs.

create schema openclaw;

-- One role a service. They cannot log in until `openclaw provision` or `openclaw up` gives them a password;
-- an outside server's owner may take them on with SET ROLE.
do $$
declare
  service text;
begin
  foreach service in array array['gateway', 'brain', 'sender', 'operator'] loop
    begin
      execute format('create role openclaw_%s nologin', service);
    exception when duplicate_object or unique_violation then
      null;
    end;
    -- An owner who is no superuser has to be a member, to take the role on and to count everybody's backlog.
    if not (select rolsuper from pg_roles where rolname = current_user) then
      begin
        execute format('grant openclaw_%s to current_user', service);
      exception when insufficient_privilege then
        raise warning 'openclaw_% was made by somebody else; have it granted to %', service, current_user;
      end;
    end if;
    execute format('grant usage on schema openclaw to openclaw_%s', service);
  end loop;
end $$;

-- Owed rows (transactional outbox). A row is the right to act; deleting it is acting.
create table openclaw.outbox (
  target text not null,
  event_id uuid not null,
  lane text not null,
  seq bigint generated always as identity,
  ordered boolean not null default true,
  attempt integer not null default 0,
  deaths integer not null default 0,
  available_at timestamptz not null default now(),
  cause uuid,
  envelope bytea not null,
  primary key (target, event_id)
) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_scale_factor = 0.2);
create index outbox_lane on openclaw.outbox (target, lane, seq);
create index outbox_unordered on openclaw.outbox (target, lane, available_at) where not ordered;

-- Edge inbox: keys of updates already taken in.
create table openclaw.inbox (
  key text primary key,
  arrived_at timestamptz not null default now()
);
create index inbox_arrived on openclaw.inbox using brin (arrived_at);

-- What each consumer process is running right now; ids that outlive their process tell of a run that did not end.
create table openclaw.runs (
  run_id uuid primary key,
  target text not null,
  consumer text not null,
  event_ids uuid[] not null,
  started_at timestamptz not null default now()
) with (fillfactor = 50);

create table openclaw.dead_letters (
  letter_id bigint generated always as identity primary key,
  target text not null,
  event_id uuid not null,
  lane text not null,
  cause uuid,
  attempt integer not null,
  deaths integer not null,
  reasons text[] not null,
  envelope bytea not null,
  dead_at timestamptz not null default now(),
  unique (target, event_id)
);

-- Delivery ledger. A claim is a call that may be under way, at most one a chat; a delivery is a settled one.
-- A claim that ran out unresolved is ambiguous; one that is resolved and kept says that an earlier call was.
create table openclaw.claims (
  lane text primary key,
  target text not null,
  event_id uuid not null,
  token uuid not null,
  consumer text not null,
  resolved boolean not null default false,
  claimed_until timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
create table openclaw.deliveries (
  key text primary key,
  lane text not null,
  outcome text not null check (outcome in ('delivered', 'ambiguous')),
  message_id bigint,
  repeat boolean not null,
  settled_at timestamptz not null default now()
);
create table openclaw.rates (
  bucket text primary key,
  full_at timestamptz not null default '-infinity',
  blocked_until timestamptz not null default '-infinity'
) with (fillfactor = 50);
create table openclaw.chats (
  bot_id bigint not null,
  chat_id bigint not null,
  unreachable_since timestamptz,
  unreachable_reason text,
  moved_to bigint,
  primary key (bot_id, chat_id)
);

-- Audit: append-only, no message text, partitioned by month.
create table openclaw.audit (
  at timestamptz not null default clock_timestamp(),
  consumer text not null,
  outcome text not null,
  event_id uuid,
  event_type text,
  source text,
  target text,
  trace_id text,
  idempotency_key text,
  cause uuid,
  scope text,
  attempt integer not null default 0,
  reason text not null default '',
  duration_ms real not null default 0
) partition by range (at);
create index audit_trace on openclaw.audit (trace_id);
create index audit_at on openclaw.audit (at);
create table openclaw.audit_default partition of openclaw.audit default;

create function openclaw.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'openclaw.audit is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;
create trigger audit_append_only before update or delete on openclaw.audit
  for each row execute function openclaw.refuse_change();
-- Triggers for statements do not pass to partitions, so each partition has this one of its own.
create trigger audit_no_truncate before truncate on openclaw.audit
  for each statement execute function openclaw.refuse_change();
create trigger audit_no_truncate before truncate on openclaw.audit_default
  for each statement execute function openclaw.refuse_change();

-- Makes the partitions of this month and the two that follow; safe to call at any time by any number of callers.
create function openclaw.ensure_audit_partitions() returns void language plpgsql
  security definer set search_path = pg_catalog as $$
declare
  first date := date_trunc('month', now() at time zone 'UTC')::date;
  month date;
begin
  perform pg_advisory_xact_lock(hashtextextended('openclaw audit partitions', 0));
  for i in 0..2 loop
    month := (first + make_interval(months => i))::date;
    if to_regclass(format('openclaw.audit_%s', to_char(month, 'YYYY_MM'))) is null then
      execute format('create table openclaw.%I partition of openclaw.audit for values from (%L) to (%L)',
        'audit_' || to_char(month, 'YYYY_MM'),
        month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
      execute format('create trigger audit_no_truncate before truncate on openclaw.%I '
        'for each statement execute function openclaw.refuse_change()', 'audit_' || to_char(month, 'YYYY_MM'));
    end if;
  end loop;
end $$;

-- Owned data. Every row has its scope; without openclaw.scopes no row is seen.
create table openclaw.settings (
  scope text not null,
  name text not null,
  value text not null,
  updated_at timestamptz not null default now(),
  primary key (scope, name)
);
create table openclaw.tasks (
  task_id uuid primary key,
  scope text not null,
  number integer not null,
  title text not null,
  status text not null default 'open' check (status in ('open', 'done', 'cancelled')),
  due_at timestamptz,
  created_by bigint,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  unique (scope, number)
);
create table openclaw.memories (
  memory_id uuid primary key,
  scope text not null,
  kind text not null,
  body text not null,
  tags text[] not null default '{}',
  entities text[] not null default '{}',
  created_at timestamptz not null default now(),
  enriched_at timestamptz
);
create index memories_scope on openclaw.memories (scope, created_at);

-- What holds for the whole system. `applied` is false while Redis has not been told.
create table openclaw.runtime (
  name text primary key,
  value text not null,
  applied boolean not null default false,
  updated_at timestamptz not null default now()
);

-- Row level security: a service sees the rows addressed to it, and owned rows only of the scopes it named.
do $$
declare
  name text;
begin
  foreach name in array array['outbox', 'dead_letters', 'runs', 'settings', 'tasks', 'memories'] loop
    execute format('alter table openclaw.%I enable row level security', name);
    execute format('alter table openclaw.%I force row level security', name);
    execute format('create policy operator_reads on openclaw.%I for select to openclaw_operator using (true)', name);
  end loop;
  foreach name in array array['settings', 'tasks', 'memories'] loop
    execute format('create policy named_scopes on openclaw.%I to openclaw_brain '
      'using (scope = any ((select string_to_array(current_setting(''openclaw.scopes'', true), '',''))::text[]))', name);
  end loop;
  foreach name in array array['dead_letters', 'runs'] loop
    execute format('create policy brain_own on openclaw.%I to openclaw_brain using (target = ''brain'')', name);
    execute format('create policy sender_own on openclaw.%I to openclaw_sender '
      'using (target in (''sender'', ''sender-bulk''))', name);
  end loop;
end $$;
create policy gateway_owes on openclaw.outbox for insert to openclaw_gateway with check (target = 'brain');
create policy brain_reads on openclaw.outbox for select to openclaw_brain using (target = 'brain');
create policy brain_changes on openclaw.outbox for update to openclaw_brain using (target = 'brain');
create policy brain_settles on openclaw.outbox for delete to openclaw_brain using (target = 'brain');
create policy brain_owes on openclaw.outbox for insert to openclaw_brain with check (true);
create policy sender_own on openclaw.outbox to openclaw_sender using (target in ('sender', 'sender-bulk'));
-- A group that became a supergroup is told to the brain, which owns what has to follow.
create policy sender_tells on openclaw.outbox for insert to openclaw_sender with check (target = 'brain');

grant insert on openclaw.outbox, openclaw.inbox, openclaw.audit to openclaw_gateway;
grant select on openclaw.inbox to openclaw_gateway;
grant select, insert, update, delete on openclaw.outbox, openclaw.runs to openclaw_brain, openclaw_sender;
grant select, insert on openclaw.dead_letters to openclaw_brain, openclaw_sender;
grant insert on openclaw.audit to openclaw_brain, openclaw_sender;
grant select, insert, update, delete on openclaw.settings, openclaw.tasks, openclaw.memories to openclaw_brain;
grant select, insert, update on openclaw.runtime to openclaw_brain;
grant select, insert, update on openclaw.deliveries, openclaw.rates, openclaw.chats to openclaw_sender;
grant select, insert, update, delete on openclaw.claims to openclaw_sender;
grant select on all tables in schema openclaw to openclaw_operator;

-- What /status shows needs sizes of every service's backlog, never their rows.
create function openclaw.backlog() returns table (target text, owed bigint, oldest_s double precision)
  language sql stable security definer set search_path = pg_catalog as $$
  select target, count(*), coalesce(extract(epoch from now() - min(available_at)), 0)
  from openclaw.outbox group by target order by target
$$;
create function openclaw.dead_letter_count() returns bigint
  language sql stable security definer set search_path = pg_catalog as $$
  select count(*) from openclaw.dead_letters
$$;
-- Forgets update keys that Telegram no longer repeats (it keeps updates for 24 hours) and whose ids it may soon use
-- again (after a week without updates it starts anew at random). https://core.telegram.org/bots/api#update
create function openclaw.forget_updates() returns void
  language sql security definer set search_path = pg_catalog as $$
  delete from openclaw.inbox where arrived_at < now() - interval '5 days'
$$;
revoke all on function openclaw.forget_updates() from public;
grant execute on function openclaw.forget_updates() to openclaw_brain;
revoke all on function openclaw.backlog(), openclaw.dead_letter_count(), openclaw.ensure_audit_partitions() from public;
grant execute on function openclaw.backlog(), openclaw.dead_letter_count() to openclaw_brain, openclaw_operator;
grant execute on function openclaw.ensure_audit_partitions() to openclaw_brain, openclaw_sender;
select openclaw.ensure_audit_partitions();
