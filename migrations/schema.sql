-- What the migrations make, from an empty database. Written by: python -m entrypoints.schema write

CREATE SCHEMA openclaw;

CREATE FUNCTION openclaw.awaiting_lanes(lanes text[]) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  -- A scope is its lane with a letter before the chat's id.
  select l.lane from unnest(lanes) as l(lane)
  cross join lateral (select array[replace(l.lane, ':', ':u'), replace(l.lane, ':-', ':c-')] as scopes) s
  where exists (select from openclaw.occasions o where o.kept = 'ambiguous' and not o.told and o.scope = any (s.scopes))
    or exists (select from openclaw.tasks t where t.status = 'open' and t.is_paused and t.scope = any (s.scopes))
$$;

CREATE FUNCTION openclaw.backlog() RETURNS TABLE(target text, owed bigint, oldest_s double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select target, count(*), coalesce(extract(epoch from openclaw.now() - min(available_at)), 0)
  from openclaw.outbox group by target order by target
$$;

CREATE FUNCTION openclaw.bot_of_lane(lane text) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
  select substring(lane from '^([0-9]{1,18}):')::bigint
$$;

CREATE FUNCTION openclaw.crowds(owes bigint, at_most integer, with_admins boolean) RETURNS TABLE(lane text, owed bigint, is_admin boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

CREATE FUNCTION openclaw.dead_letter_count() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select count(*) from openclaw.dead_letters
$$;

CREATE FUNCTION openclaw.discard_letters(ids bigint[], why text) RETURNS TABLE(letter_id bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

CREATE FUNCTION openclaw.ensure_audit_partitions() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET lock_timeout TO '500ms'
    AS $$
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

CREATE FUNCTION openclaw.first_run(trace text) RETURNS TABLE(key text, outcome text, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select a.idempotency_key, a.outcome, a.reason from openclaw.audit a
  where a.trace_id = trace and a.event_type = 'message.received' and a.consumer = 'brain'
    and a.outcome in ('processed', 'ignored')
  order by a.outcome = 'ignored', a.at limit 1
$$;

CREATE FUNCTION openclaw.forget_audit(term interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET lock_timeout TO '500ms'
    AS $_$
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
end $_$;

CREATE FUNCTION openclaw.forget_deliveries(term interval, batch integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_bitmapscan TO 'on'
    AS $$
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

CREATE FUNCTION openclaw.forget_leftovers(batch integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

CREATE FUNCTION openclaw.forget_occasions(term interval, batch integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_bitmapscan TO 'on'
    AS $$
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

CREATE FUNCTION openclaw.forget_updates(term interval, batch integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_bitmapscan TO 'on'
    AS $$
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

CREATE FUNCTION openclaw.is_letter_known() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select exists (select from openclaw.dead_letters d where d.known and not openclaw.is_notice(d.idempotency_key))
$$;

CREATE FUNCTION openclaw.is_notice(key text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
  select coalesce(starts_with(key, 'notice:'), false)
$$;

CREATE FUNCTION openclaw.label(envelope bytea, field text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path TO 'pg_catalog'
    AS $_$
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
end $_$;

CREATE FUNCTION openclaw.now() RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin return pg_catalog.now() + (select c.ahead from openclaw.clock c); end $$;

CREATE FUNCTION openclaw.redrive_letters(ids bigint[]) RETURNS TABLE(letter_id bigint, was_owed boolean)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select pg_advisory_xact_lock(hashtextextended('openclaw dead letters', 0));
  with gone as (
    delete from openclaw.dead_letters d where d.letter_id = any (ids) returning d.*
  ), owed as (
    insert into openclaw.outbox (target, event_id, lane, cause, envelope, repeat)
    select g.target, g.event_id, g.lane, g.cause, g.envelope, g.repeat from gone g order by g.letter_id
    on conflict (target, event_id) do nothing returning target, event_id
  ), freed as (
    delete from openclaw.claims c using gone g
    where c.lane = g.lane and c.target = g.target and c.event_id = g.event_id and c.claimed_until <= openclaw.wall_clock()
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

CREATE FUNCTION openclaw.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'openclaw.audit is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;

CREATE FUNCTION openclaw.refuse_unless(fits boolean, rule text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
begin
  if fits is not true then
    raise exception 'refused: %', rule using errcode = 'invalid_parameter_value';
  end if;
end $$;

CREATE FUNCTION openclaw.scope_of_lane(lane text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $_$
  select case
    when lane ~ '^[0-9]+:-[0-9]+$' then replace(lane, ':', ':c')
    when lane ~ '^[0-9]+:[0-9]+$' then replace(lane, ':', ':u')
  end
$_$;

CREATE FUNCTION openclaw.see_letters(ids bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  insert into openclaw.runtime (name, value, applied) values ('dead_letters_seen', '', true)
  on conflict (name) do update set updated_at = openclaw.now();
  update openclaw.dead_letters d set known = true from (
    select s.letter_id from openclaw.dead_letters s where s.letter_id = any (ids) and not s.known for update skip locked
  ) u where d.letter_id = u.letter_id;
$$;

CREATE FUNCTION openclaw.statement_now() RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin return pg_catalog.statement_timestamp() + (select c.ahead from openclaw.clock c); end $$;

CREATE FUNCTION openclaw.tell_letters(bots bigint[]) RETURNS TABLE(bot_id bigint, target text, event_type text, reason text, letters bigint, first_at double precision, last_id bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

CREATE FUNCTION openclaw.unknown_letters() RETURNS TABLE(bot_id bigint, target text, event_type text, reason text, letters bigint, first_at double precision, last_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select openclaw.bot_of_lane(d.lane), d.target, d.event_type, coalesce(d.reasons[1], ''), count(*),
    extract(epoch from min(d.dead_at))::float8, max(d.letter_id)
  from openclaw.dead_letters d
  where not d.known and not openclaw.is_notice(d.idempotency_key) and openclaw.bot_of_lane(d.lane) is not null
  group by 1, 2, 3, 4 order by 7 desc limit 1000
$$;

CREATE FUNCTION openclaw.wall_clock() RETURNS timestamp with time zone
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
begin return pg_catalog.clock_timestamp() + (select c.ahead from openclaw.clock c); end $$;

CREATE TABLE openclaw.access (
    subject text NOT NULL COLLATE pg_catalog."C",
    standing text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    code_hash text,
    code_until timestamp with time zone,
    wrong_codes integer DEFAULT 0 NOT NULL,
    wrong_since timestamp with time zone,
    decided_by text DEFAULT ''::text NOT NULL,
    changed_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    CONSTRAINT access_standing_check CHECK ((standing = ANY (ARRAY['stranger'::text, 'asked'::text, 'member'::text, 'admin'::text, 'owner'::text, 'revoked'::text])))
);

CREATE TABLE openclaw.audit (
    at timestamp with time zone DEFAULT openclaw.wall_clock() NOT NULL,
    consumer text NOT NULL,
    outcome text NOT NULL,
    event_id uuid,
    event_type text,
    source text,
    target text,
    trace_id text,
    idempotency_key text,
    cause uuid,
    scope text,
    attempt integer DEFAULT 0 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    duration_ms real DEFAULT 0 NOT NULL
)
PARTITION BY RANGE (at);

CREATE TABLE openclaw.audit_default (
    at timestamp with time zone DEFAULT openclaw.wall_clock() CONSTRAINT audit_at_not_null NOT NULL,
    consumer text CONSTRAINT audit_consumer_not_null NOT NULL,
    outcome text CONSTRAINT audit_outcome_not_null NOT NULL,
    event_id uuid,
    event_type text,
    source text,
    target text,
    trace_id text,
    idempotency_key text,
    cause uuid,
    scope text,
    attempt integer DEFAULT 0 CONSTRAINT audit_attempt_not_null NOT NULL,
    reason text DEFAULT ''::text CONSTRAINT audit_reason_not_null NOT NULL,
    duration_ms real DEFAULT 0 CONSTRAINT audit_duration_ms_not_null NOT NULL
);

CREATE TABLE openclaw.chats (
    bot_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    unreachable_since timestamp with time zone,
    unreachable_reason text,
    moved_to bigint
);

CREATE TABLE openclaw.claims (
    lane text NOT NULL,
    target text NOT NULL,
    event_id uuid NOT NULL,
    token uuid NOT NULL,
    consumer text NOT NULL,
    resolved boolean DEFAULT false NOT NULL,
    claimed_until timestamp with time zone NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='500', autovacuum_vacuum_cost_delay='0');

CREATE TABLE openclaw.clock (
    is_only_row boolean DEFAULT true NOT NULL,
    ahead interval DEFAULT '00:00:00'::interval NOT NULL,
    CONSTRAINT clock_ahead_check CHECK ((ahead >= '00:00:00'::interval)),
    CONSTRAINT clock_is_only_row_check CHECK (is_only_row)
);

CREATE TABLE openclaw.dead_letters (
    letter_id bigint NOT NULL,
    target text NOT NULL,
    event_id uuid NOT NULL,
    lane text NOT NULL,
    cause uuid,
    attempt integer NOT NULL,
    deaths integer NOT NULL,
    reasons text[] NOT NULL,
    envelope bytea NOT NULL,
    dead_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    repeat boolean DEFAULT false NOT NULL,
    event_type text GENERATED ALWAYS AS (openclaw.label(envelope, 'event_type'::text)) STORED,
    source text GENERATED ALWAYS AS (openclaw.label(envelope, 'source'::text)) STORED,
    trace_id text GENERATED ALWAYS AS (openclaw.label(envelope, 'trace_id'::text)) STORED,
    idempotency_key text GENERATED ALWAYS AS (openclaw.label(envelope, 'idempotency_key'::text)) STORED,
    known boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY openclaw.dead_letters FORCE ROW LEVEL SECURITY;

ALTER TABLE openclaw.dead_letters ALTER COLUMN letter_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME openclaw.dead_letters_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE openclaw.deliveries (
    key text NOT NULL,
    lane text NOT NULL,
    outcome text NOT NULL,
    message_id bigint,
    repeat boolean NOT NULL,
    settled_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    CONSTRAINT deliveries_outcome_check CHECK ((outcome = ANY (ARRAY['delivered'::text, 'ambiguous'::text])))
);

CREATE TABLE openclaw.inbox (
    key text NOT NULL,
    arrived_at timestamp with time zone DEFAULT openclaw.now() NOT NULL
);

CREATE TABLE openclaw.invitations (
    code_hash text NOT NULL,
    bot_id bigint NOT NULL,
    standing text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    made_by text DEFAULT ''::text NOT NULL,
    CONSTRAINT invitations_standing_check CHECK ((standing = ANY (ARRAY['member'::text, 'admin'::text, 'owner'::text])))
);

CREATE TABLE openclaw.memories (
    memory_id uuid NOT NULL,
    scope text NOT NULL,
    kind text NOT NULL,
    body text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    entities text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    enriched_at timestamp with time zone
);

ALTER TABLE ONLY openclaw.memories FORCE ROW LEVEL SECURITY;

CREATE TABLE openclaw.occasions (
    task_id uuid NOT NULL,
    bucket timestamp with time zone NOT NULL,
    scope text NOT NULL,
    kept text NOT NULL,
    at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    told boolean DEFAULT false NOT NULL,
    CONSTRAINT occasions_kept_check CHECK ((kept = ANY (ARRAY['fired'::text, 'late'::text, 'skipped'::text, 'superseded'::text, 'paused'::text, 'ambiguous'::text])))
);

ALTER TABLE ONLY openclaw.occasions FORCE ROW LEVEL SECURITY;

CREATE TABLE openclaw.outbox (
    target text NOT NULL,
    event_id uuid NOT NULL,
    lane text NOT NULL,
    seq bigint NOT NULL,
    ordered boolean DEFAULT true NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    deaths integer DEFAULT 0 NOT NULL,
    available_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    cause uuid,
    envelope bytea NOT NULL,
    repeat boolean DEFAULT false NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='500', autovacuum_vacuum_cost_delay='0', autovacuum_vacuum_insert_scale_factor='0.2');

ALTER TABLE ONLY openclaw.outbox FORCE ROW LEVEL SECURITY;

ALTER TABLE openclaw.outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME openclaw.outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE openclaw.rates (
    bucket text NOT NULL,
    full_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE openclaw.retention (
    kind text NOT NULL,
    ran_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    kept interval,
    removed bigint NOT NULL,
    removed_ever bigint NOT NULL
);

CREATE TABLE openclaw.runs (
    run_id uuid NOT NULL,
    target text NOT NULL,
    consumer text NOT NULL,
    event_ids uuid[] NOT NULL,
    started_at timestamp with time zone DEFAULT openclaw.now() NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY openclaw.runs FORCE ROW LEVEL SECURITY;

CREATE TABLE openclaw.runtime (
    name text NOT NULL,
    value text NOT NULL,
    applied boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone DEFAULT openclaw.now() NOT NULL
);

CREATE TABLE openclaw.settings (
    scope text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    updated_at timestamp with time zone DEFAULT openclaw.now() NOT NULL
);

ALTER TABLE ONLY openclaw.settings FORCE ROW LEVEL SECURITY;

CREATE TABLE openclaw.tasks (
    task_id uuid NOT NULL,
    scope text NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    due_at timestamp with time zone,
    created_by bigint,
    created_at timestamp with time zone DEFAULT openclaw.now() NOT NULL,
    closed_at timestamp with time zone,
    folded text DEFAULT ''::text NOT NULL,
    remind_at timestamp with time zone,
    reminded_at timestamp with time zone,
    zone text DEFAULT 'UTC'::text NOT NULL,
    rule text,
    priority smallint DEFAULT 0 NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    late text DEFAULT 'label'::text NOT NULL,
    times_said integer DEFAULT 0 NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    thread_id bigint,
    language text,
    created_by_name text DEFAULT ''::text NOT NULL,
    assigned_to bigint,
    assigned_to_name text DEFAULT ''::text NOT NULL,
    closed_by bigint,
    closed_by_name text DEFAULT ''::text NOT NULL,
    CONSTRAINT tasks_late_check CHECK ((late = ANY (ARRAY['label'::text, 'skip'::text, 'expire'::text]))),
    CONSTRAINT tasks_priority_check CHECK (((priority >= '-1'::integer) AND (priority <= 1))),
    CONSTRAINT tasks_status_check CHECK ((status = ANY (ARRAY['open'::text, 'done'::text, 'cancelled'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE ONLY openclaw.tasks FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY openclaw.audit ATTACH PARTITION openclaw.audit_default DEFAULT;

ALTER TABLE ONLY openclaw.access
    ADD CONSTRAINT access_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY openclaw.chats
    ADD CONSTRAINT chats_pkey PRIMARY KEY (bot_id, chat_id);

ALTER TABLE ONLY openclaw.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (lane);

ALTER TABLE ONLY openclaw.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (is_only_row);

ALTER TABLE ONLY openclaw.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (letter_id);

ALTER TABLE ONLY openclaw.dead_letters
    ADD CONSTRAINT dead_letters_target_event_id_key UNIQUE (target, event_id);

ALTER TABLE ONLY openclaw.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (key);

ALTER TABLE ONLY openclaw.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (key);

ALTER TABLE ONLY openclaw.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY openclaw.memories
    ADD CONSTRAINT memories_pkey PRIMARY KEY (memory_id);

ALTER TABLE ONLY openclaw.occasions
    ADD CONSTRAINT occasions_pkey PRIMARY KEY (task_id, bucket);

ALTER TABLE ONLY openclaw.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (target, event_id);

ALTER TABLE ONLY openclaw.rates
    ADD CONSTRAINT rates_pkey PRIMARY KEY (bucket);

ALTER TABLE ONLY openclaw.retention
    ADD CONSTRAINT retention_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY openclaw.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY openclaw.runtime
    ADD CONSTRAINT runtime_pkey PRIMARY KEY (name);

ALTER TABLE ONLY openclaw.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (scope, name);

ALTER TABLE ONLY openclaw.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY openclaw.tasks
    ADD CONSTRAINT tasks_scope_number_key UNIQUE (scope, number);

CREATE UNIQUE INDEX access_code ON openclaw.access USING btree (code_hash) WHERE (code_hash IS NOT NULL);

CREATE INDEX access_undecided ON openclaw.access USING btree (changed_at) WHERE (standing = ANY (ARRAY['stranger'::text, 'asked'::text]));

CREATE INDEX audit_at ON ONLY openclaw.audit USING btree (at);

CREATE INDEX audit_default_at_idx ON openclaw.audit_default USING btree (at);

CREATE INDEX audit_trace ON ONLY openclaw.audit USING btree (trace_id);

CREATE INDEX audit_default_trace_id_idx ON openclaw.audit_default USING btree (trace_id);

CREATE INDEX dead_letters_at ON openclaw.dead_letters USING btree (dead_at);

CREATE INDEX dead_letters_event ON openclaw.dead_letters USING btree (event_id);

CREATE INDEX dead_letters_known ON openclaw.dead_letters USING btree (letter_id) WHERE known;

CREATE INDEX dead_letters_lane ON openclaw.dead_letters USING btree (lane);

CREATE INDEX dead_letters_trace ON openclaw.dead_letters USING btree (trace_id);

CREATE INDEX dead_letters_unknown ON openclaw.dead_letters USING btree (letter_id) WHERE (NOT known);

CREATE INDEX deliveries_message ON openclaw.deliveries USING btree (lane, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX deliveries_settled ON openclaw.deliveries USING brin (settled_at);

CREATE INDEX inbox_arrived ON openclaw.inbox USING brin (arrived_at);

CREATE INDEX memories_scope ON openclaw.memories USING btree (scope, created_at);

CREATE INDEX occasions_at ON openclaw.occasions USING brin (at);

CREATE INDEX occasions_untold ON openclaw.occasions USING btree (scope, bucket) WHERE ((kept = 'ambiguous'::text) AND (NOT told));

CREATE INDEX outbox_lane ON openclaw.outbox USING btree (target, lane, seq);

CREATE INDEX outbox_unordered ON openclaw.outbox USING btree (target, lane, available_at) WHERE (NOT ordered);

CREATE INDEX tasks_open ON openclaw.tasks USING btree (scope) WHERE (status = 'open'::text);

CREATE INDEX tasks_paused ON openclaw.tasks USING btree (scope) WHERE ((status = 'open'::text) AND is_paused);

CREATE INDEX tasks_remind ON openclaw.tasks USING btree (remind_at) WHERE ((status = 'open'::text) AND (remind_at IS NOT NULL));

ALTER INDEX openclaw.audit_at ATTACH PARTITION openclaw.audit_default_at_idx;

ALTER INDEX openclaw.audit_trace ATTACH PARTITION openclaw.audit_default_trace_id_idx;

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON openclaw.audit FOR EACH ROW EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit_default FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

ALTER TABLE ONLY openclaw.occasions
    ADD CONSTRAINT occasions_task_id_fkey FOREIGN KEY (task_id) REFERENCES openclaw.tasks(task_id) ON DELETE CASCADE;

CREATE POLICY brain_changes ON openclaw.outbox FOR UPDATE TO openclaw_brain USING ((target = 'brain'::text));

CREATE POLICY brain_owes ON openclaw.outbox FOR INSERT TO openclaw_brain WITH CHECK (true);

CREATE POLICY brain_own ON openclaw.dead_letters TO openclaw_brain USING ((target = 'brain'::text));

CREATE POLICY brain_own ON openclaw.runs TO openclaw_brain USING ((target = 'brain'::text));

CREATE POLICY brain_reads ON openclaw.outbox FOR SELECT TO openclaw_brain USING ((target = 'brain'::text));

CREATE POLICY brain_settles ON openclaw.outbox FOR DELETE TO openclaw_brain USING ((target = 'brain'::text));

ALTER TABLE openclaw.dead_letters ENABLE ROW LEVEL SECURITY;

CREATE POLICY gateway_owes ON openclaw.outbox FOR INSERT TO openclaw_gateway WITH CHECK ((target = 'brain'::text));

ALTER TABLE openclaw.memories ENABLE ROW LEVEL SECURITY;

CREATE POLICY named_scopes ON openclaw.memories TO openclaw_brain USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

CREATE POLICY named_scopes ON openclaw.occasions TO openclaw_brain USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

CREATE POLICY named_scopes ON openclaw.settings TO openclaw_brain USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

CREATE POLICY named_scopes ON openclaw.tasks TO openclaw_brain USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

CREATE POLICY named_scopes_of_scheduler ON openclaw.settings FOR SELECT TO openclaw_scheduler USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

ALTER TABLE openclaw.occasions ENABLE ROW LEVEL SECURITY;

CREATE POLICY operator_notes ON openclaw.dead_letters FOR UPDATE TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.dead_letters FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.memories FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.occasions FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.outbox FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.runs FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.settings FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.tasks FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_removes ON openclaw.dead_letters FOR DELETE TO openclaw_operator USING (true);

CREATE POLICY operator_removes ON openclaw.occasions FOR DELETE TO openclaw_operator USING ((at < (openclaw.now() - '31 days'::interval)));

CREATE POLICY operator_tells ON openclaw.outbox FOR INSERT TO openclaw_operator WITH CHECK ((target = 'sender'::text));

ALTER TABLE openclaw.outbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE openclaw.runs ENABLE ROW LEVEL SECURITY;

CREATE POLICY scheduler_acts ON openclaw.tasks FOR UPDATE TO openclaw_scheduler USING (((status = 'open'::text) AND ((remind_at <= openclaw.now()) OR (reminded_at = openclaw.now())))) WITH CHECK (((status = 'open'::text) AND (reminded_at = openclaw.now())));

CREATE POLICY scheduler_buries ON openclaw.dead_letters FOR INSERT TO openclaw_scheduler WITH CHECK (((target = 'brain'::text) AND (openclaw.label(envelope, 'source'::text) = 'scheduler'::text)));

CREATE POLICY scheduler_keeps ON openclaw.occasions TO openclaw_scheduler USING ((EXISTS ( SELECT
   FROM openclaw.tasks t
  WHERE ((t.task_id = occasions.task_id) AND (t.scope = occasions.scope)))));

CREATE POLICY scheduler_owes ON openclaw.outbox FOR INSERT TO openclaw_scheduler WITH CHECK (((target = 'brain'::text) AND (openclaw.label(envelope, 'source'::text) = 'scheduler'::text)));

CREATE POLICY scheduler_own ON openclaw.runs TO openclaw_scheduler USING ((target = 'scheduler'::text));

CREATE POLICY scheduler_sees ON openclaw.tasks FOR SELECT TO openclaw_scheduler USING (((status = 'open'::text) AND ((remind_at <= openclaw.now()) OR (reminded_at = openclaw.now()))));

CREATE POLICY sender_own ON openclaw.dead_letters TO openclaw_sender USING ((target = ANY (ARRAY['sender'::text, 'sender-bulk'::text])));

CREATE POLICY sender_own ON openclaw.outbox TO openclaw_sender USING ((target = ANY (ARRAY['sender'::text, 'sender-bulk'::text])));

CREATE POLICY sender_own ON openclaw.runs TO openclaw_sender USING ((target = ANY (ARRAY['sender'::text, 'sender-bulk'::text])));

CREATE POLICY sender_tells ON openclaw.outbox FOR INSERT TO openclaw_sender WITH CHECK ((target = 'brain'::text));

ALTER TABLE openclaw.settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE openclaw.tasks ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA openclaw TO openclaw_gateway;
GRANT USAGE ON SCHEMA openclaw TO openclaw_brain;
GRANT USAGE ON SCHEMA openclaw TO openclaw_sender;
GRANT USAGE ON SCHEMA openclaw TO openclaw_operator;
GRANT USAGE ON SCHEMA openclaw TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.awaiting_lanes(lanes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.awaiting_lanes(lanes text[]) TO openclaw_brain;

REVOKE ALL ON FUNCTION openclaw.backlog() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.backlog() TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.backlog() TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.crowds(owes bigint, at_most integer, with_admins boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.crowds(owes bigint, at_most integer, with_admins boolean) TO openclaw_gateway;
GRANT ALL ON FUNCTION openclaw.crowds(owes bigint, at_most integer, with_admins boolean) TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.dead_letter_count() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.dead_letter_count() TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.dead_letter_count() TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.discard_letters(ids bigint[], why text) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.discard_letters(ids bigint[], why text) TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.ensure_audit_partitions() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.ensure_audit_partitions() TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.first_run(trace text) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.first_run(trace text) TO openclaw_brain;

REVOKE ALL ON FUNCTION openclaw.forget_audit(term interval) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.forget_audit(term interval) TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.forget_deliveries(term interval, batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.forget_deliveries(term interval, batch integer) TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.forget_leftovers(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.forget_leftovers(batch integer) TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.forget_occasions(term interval, batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.forget_occasions(term interval, batch integer) TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.forget_updates(term interval, batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.forget_updates(term interval, batch integer) TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.is_letter_known() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.is_letter_known() TO openclaw_brain;

REVOKE ALL ON FUNCTION openclaw.label(envelope bytea, field text) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.label(envelope bytea, field text) TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.label(envelope bytea, field text) TO openclaw_sender;
GRANT ALL ON FUNCTION openclaw.label(envelope bytea, field text) TO openclaw_scheduler;

REVOKE ALL ON FUNCTION openclaw.redrive_letters(ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.redrive_letters(ids bigint[]) TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.refuse_unless(fits boolean, rule text) FROM PUBLIC;

REVOKE ALL ON FUNCTION openclaw.see_letters(ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.see_letters(ids bigint[]) TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.tell_letters(bots bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.tell_letters(bots bigint[]) TO openclaw_brain;

REVOKE ALL ON FUNCTION openclaw.unknown_letters() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.unknown_letters() TO openclaw_brain;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.access TO openclaw_brain;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.access TO openclaw_operator;

GRANT INSERT ON TABLE openclaw.audit TO openclaw_gateway;
GRANT INSERT ON TABLE openclaw.audit TO openclaw_brain;
GRANT INSERT ON TABLE openclaw.audit TO openclaw_sender;
GRANT SELECT,INSERT ON TABLE openclaw.audit TO openclaw_operator;
GRANT INSERT ON TABLE openclaw.audit TO openclaw_scheduler;

GRANT SELECT ON TABLE openclaw.audit_default TO openclaw_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.chats TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.chats TO openclaw_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.chats TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.chats TO openclaw_scheduler;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.claims TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.claims TO openclaw_operator;

GRANT SELECT ON TABLE openclaw.clock TO openclaw_gateway;
GRANT SELECT ON TABLE openclaw.clock TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.clock TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.clock TO openclaw_scheduler;
GRANT SELECT ON TABLE openclaw.clock TO openclaw_operator;

GRANT SELECT,INSERT ON TABLE openclaw.dead_letters TO openclaw_brain;
GRANT SELECT,INSERT ON TABLE openclaw.dead_letters TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.dead_letters TO openclaw_operator;
GRANT INSERT ON TABLE openclaw.dead_letters TO openclaw_scheduler;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.deliveries TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.deliveries TO openclaw_operator;

GRANT SELECT,INSERT ON TABLE openclaw.inbox TO openclaw_gateway;
GRANT SELECT ON TABLE openclaw.inbox TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.invitations TO openclaw_brain;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.invitations TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.memories TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.memories TO openclaw_operator;

GRANT SELECT ON TABLE openclaw.occasions TO openclaw_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.occasions TO openclaw_brain;
GRANT SELECT,INSERT ON TABLE openclaw.occasions TO openclaw_scheduler;

GRANT UPDATE(kept) ON TABLE openclaw.occasions TO openclaw_scheduler;

GRANT UPDATE(at) ON TABLE openclaw.occasions TO openclaw_scheduler;

GRANT UPDATE(reason) ON TABLE openclaw.occasions TO openclaw_scheduler;

GRANT INSERT ON TABLE openclaw.outbox TO openclaw_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.outbox TO openclaw_brain;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.outbox TO openclaw_sender;
GRANT SELECT,INSERT ON TABLE openclaw.outbox TO openclaw_operator;
GRANT INSERT ON TABLE openclaw.outbox TO openclaw_scheduler;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.rates TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.rates TO openclaw_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.retention TO openclaw_scheduler;
GRANT SELECT ON TABLE openclaw.retention TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.runs TO openclaw_brain;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.runs TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.runs TO openclaw_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.runs TO openclaw_scheduler;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.runtime TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.runtime TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.settings TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.settings TO openclaw_operator;
GRANT SELECT ON TABLE openclaw.settings TO openclaw_scheduler;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.tasks TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.tasks TO openclaw_operator;
GRANT SELECT ON TABLE openclaw.tasks TO openclaw_scheduler;

GRANT UPDATE(due_at) ON TABLE openclaw.tasks TO openclaw_scheduler;

GRANT UPDATE(remind_at) ON TABLE openclaw.tasks TO openclaw_scheduler;

GRANT UPDATE(reminded_at) ON TABLE openclaw.tasks TO openclaw_scheduler;

GRANT UPDATE(times_said) ON TABLE openclaw.tasks TO openclaw_scheduler;

GRANT UPDATE(is_paused) ON TABLE openclaw.tasks TO openclaw_scheduler;
