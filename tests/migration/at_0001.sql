-- A database as schema 0001 left it, with rows in every table: what `pg_dump --column-inserts` wrote of an installation
-- that had been talked to, comments and settings of its session left out. Migrations have to lead on from here, so it
-- is never changed.

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
  end loop;
end $$;
set check_function_bodies = off;

CREATE SCHEMA openclaw;

CREATE FUNCTION openclaw.backlog() RETURNS TABLE(target text, owed bigint, oldest_s double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select target, count(*), coalesce(extract(epoch from now() - min(available_at)), 0)
  from openclaw.outbox group by target order by target
$$;

CREATE FUNCTION openclaw.dead_letter_count() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  select count(*) from openclaw.dead_letters
$$;

CREATE FUNCTION openclaw.ensure_audit_partitions() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

CREATE FUNCTION openclaw.forget_updates() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  delete from openclaw.inbox where arrived_at < now() - interval '5 days'
$$;

CREATE FUNCTION openclaw.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'openclaw.audit is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;

CREATE TABLE openclaw.audit (
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
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

CREATE TABLE openclaw.audit_2026_11 (
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT audit_at_not_null NOT NULL,
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

CREATE TABLE openclaw.audit_2026_12 (
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT audit_at_not_null NOT NULL,
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

CREATE TABLE openclaw.audit_2027_01 (
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT audit_at_not_null NOT NULL,
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

CREATE TABLE openclaw.audit_default (
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT audit_at_not_null NOT NULL,
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
    dead_at timestamp with time zone DEFAULT now() NOT NULL
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
    settled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT deliveries_outcome_check CHECK ((outcome = ANY (ARRAY['delivered'::text, 'ambiguous'::text])))
);

CREATE TABLE openclaw.inbox (
    key text NOT NULL,
    arrived_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE openclaw.memories (
    memory_id uuid NOT NULL,
    scope text NOT NULL,
    kind text NOT NULL,
    body text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    entities text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    enriched_at timestamp with time zone
);

ALTER TABLE ONLY openclaw.memories FORCE ROW LEVEL SECURITY;

CREATE TABLE openclaw.outbox (
    target text NOT NULL,
    event_id uuid NOT NULL,
    lane text NOT NULL,
    seq bigint NOT NULL,
    ordered boolean DEFAULT true NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    deaths integer DEFAULT 0 NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    cause uuid,
    envelope bytea NOT NULL
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

CREATE TABLE openclaw.runs (
    run_id uuid NOT NULL,
    target text NOT NULL,
    consumer text NOT NULL,
    event_ids uuid[] NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY openclaw.runs FORCE ROW LEVEL SECURITY;

CREATE TABLE openclaw.runtime (
    name text NOT NULL,
    value text NOT NULL,
    applied boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE openclaw.settings (
    scope text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
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
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT tasks_status_check CHECK ((status = ANY (ARRAY['open'::text, 'done'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY openclaw.tasks FORCE ROW LEVEL SECURITY;

CREATE TABLE public.schema_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE ONLY openclaw.audit ATTACH PARTITION openclaw.audit_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');

ALTER TABLE ONLY openclaw.audit ATTACH PARTITION openclaw.audit_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

ALTER TABLE ONLY openclaw.audit ATTACH PARTITION openclaw.audit_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');

ALTER TABLE ONLY openclaw.audit ATTACH PARTITION openclaw.audit_default DEFAULT;

INSERT INTO openclaw.audit_2026_11 (at, consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key, cause, scope, attempt, reason, duration_ms) VALUES
	('2026-11-22 19:26:03.049793+00', 'gateway', 'accepted', 'e94605f7-5b9f-5b9b-af49-b315d5929eb2', 'message.received', 'gateway', 'brain', '8231aec9bc8312bcc29101cae004e9f1', 'tg:1000000001:368653541', NULL, '1000000001:u1', 0, '', 0),
	('2026-11-22 19:26:03.113693+00', 'brain', 'processed', 'e94605f7-5b9f-5b9b-af49-b315d5929eb2', 'message.received', 'gateway', 'brain', '8231aec9bc8312bcc29101cae004e9f1', 'tg:1000000001:368653541', NULL, '1000000001:u1', 0, '', 5.451317),
	('2026-11-22 19:26:03.188253+00', 'sender', 'processed', '409099ab-d948-5c7e-9615-79006dda7bb7', 'telegram.send', 'brain', 'sender', '8231aec9bc8312bcc29101cae004e9f1', 'tg:1000000001:368653541/reply', 'e94605f7-5b9f-5b9b-af49-b315d5929eb2', '1000000001:u1', 0, '', 60.84341),
	('2026-11-22 19:26:03.192437+00', 'sender', 'accepted', '4732e76f-4145-540f-ab19-8735ca28cf3b', 'telegram.delivered', 'sender', 'audit', '8231aec9bc8312bcc29101cae004e9f1', 'tg:1000000001:368653541/reply/delivered', '409099ab-d948-5c7e-9615-79006dda7bb7', '1000000001:u1', 0, '', 0),
	('2026-11-22 19:26:03.493436+00', 'gateway', 'accepted', '6cfdd1db-fabe-5314-8d1a-63e6a46dfb54', 'message.received', 'gateway', 'brain', '71e8be87e3e9bb9e1d25554aa3049ed1', 'tg:1000000001:368653542', NULL, '1000000001:u1', 0, '', 0),
	('2026-11-22 19:26:03.512971+00', 'brain', 'processed', '6cfdd1db-fabe-5314-8d1a-63e6a46dfb54', 'message.received', 'gateway', 'brain', '71e8be87e3e9bb9e1d25554aa3049ed1', 'tg:1000000001:368653542', NULL, '1000000001:u1', 0, '', 3.847735),
	('2026-11-22 19:26:03.560003+00', 'sender', 'processed', '44752612-98d2-5a76-9313-dfedb9ae1618', 'telegram.send', 'brain', 'sender', '71e8be87e3e9bb9e1d25554aa3049ed1', 'tg:1000000001:368653542/reply', '6cfdd1db-fabe-5314-8d1a-63e6a46dfb54', '1000000001:u1', 0, '', 15.141249),
	('2026-11-22 19:26:03.560017+00', 'sender', 'accepted', '65416b91-d7ce-5d27-b588-0024dce0b4b8', 'telegram.delivered', 'sender', 'audit', '71e8be87e3e9bb9e1d25554aa3049ed1', 'tg:1000000001:368653542/reply/delivered', '44752612-98d2-5a76-9313-dfedb9ae1618', '1000000001:u1', 0, '', 0),
	('2026-11-22 19:26:03.869533+00', 'gateway', 'accepted', 'ead7b19d-2ffb-5f8f-8446-222a60a283f3', 'message.received', 'gateway', 'brain', '4dce348e160ccd71cc56d86cd9d90251', 'tg:1000000001:368653543', NULL, '1000000001:u1', 0, '', 0),
	('2026-11-22 19:26:03.885949+00', 'brain', 'processed', 'ead7b19d-2ffb-5f8f-8446-222a60a283f3', 'message.received', 'gateway', 'brain', '4dce348e160ccd71cc56d86cd9d90251', 'tg:1000000001:368653543', NULL, '1000000001:u1', 0, '', 0.309179),
	('2026-11-22 19:26:03.892821+00', 'sender', 'processed', '9eadc0d8-cf00-590c-944d-0a010f3e99b7', 'telegram.send', 'brain', 'sender', '4dce348e160ccd71cc56d86cd9d90251', 'tg:1000000001:368653543/reply', 'ead7b19d-2ffb-5f8f-8446-222a60a283f3', '1000000001:u1', 0, '', 4.045188),
	('2026-11-22 19:26:03.892834+00', 'sender', 'accepted', 'f86373fc-c67a-58fb-bf60-26033201c148', 'telegram.delivered', 'sender', 'audit', '4dce348e160ccd71cc56d86cd9d90251', 'tg:1000000001:368653543/reply/delivered', '9eadc0d8-cf00-590c-944d-0a010f3e99b7', '1000000001:u1', 0, '', 0);

INSERT INTO openclaw.audit_default (at, consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key, cause, scope, attempt, reason, duration_ms) VALUES
	('2020-02-03 04:05:06+00', 'gateway', 'ignored', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 'older than every partition', 0.1);

INSERT INTO openclaw.chats (bot_id, chat_id, unreachable_since, unreachable_reason, moved_to) VALUES
	(1000000001, 2, '2026-11-22 19:20:05+00', 'Forbidden: bot was blocked by the user', NULL),
	(1000000001, -3, NULL, NULL, -1000000000003);

INSERT INTO openclaw.claims (lane, target, event_id, token, consumer, resolved, claimed_until) VALUES
	('1000000001:2', 'sender', '5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a01', '5d1b3b4e-1f3c-4a63-8f0e-0d7b0b6f7a03', 'sender-1', true, '2026-11-22 19:20:05+00');

INSERT INTO openclaw.dead_letters (letter_id, target, event_id, lane, cause, attempt, deaths, reasons, envelope, dead_at) OVERRIDING SYSTEM VALUE VALUES
	(1, 'brain', '5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a02', '1000000001:1', NULL, 7, 3, '{"envelope: not JSON","a second reason, with a tab	, a \\ and a \"quote\""}', '\x00ff0a5c', '2026-11-22 19:26:05.119781+00');

INSERT INTO openclaw.deliveries (key, lane, outcome, message_id, repeat, settled_at) VALUES
	('tg:1000000001:368653541/reply', '1000000001:1', 'delivered', 59685963, false, '2026-11-22 19:26:03.186641+00'),
	('tg:1000000001:368653542/reply', '1000000001:1', 'delivered', 59685965, false, '2026-11-22 19:26:03.559193+00'),
	('tg:1000000001:368653543/reply', '1000000001:1', 'delivered', 59685967, false, '2026-11-22 19:26:03.892135+00');

INSERT INTO openclaw.inbox (key, arrived_at) VALUES
	('tg:1000000001:368653541', '2026-11-22 19:26:03.049213+00'),
	('tg:1000000001:368653542', '2026-11-22 19:26:03.493095+00'),
	('tg:1000000001:368653543', '2026-11-22 19:26:03.869226+00'),
	('tg:1000000001:9', '2020-02-03 04:05:06+00');

INSERT INTO openclaw.memories (memory_id, scope, kind, body, tags, entities, created_at, enriched_at) VALUES
	('5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a05', '1000000001:u1', 'note', 'the key is under the mat', '{home,"a,b"}', '{}', '2026-11-22 19:26:05.119781+00', NULL);

INSERT INTO openclaw.outbox (target, event_id, lane, seq, ordered, attempt, deaths, available_at, cause, envelope) OVERRIDING SYSTEM VALUE VALUES
	('sender', '5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a01', '1000000001:2', 7, true, 2, 1, '2999-01-01 00:00:00+00', '5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a00', '\x7b226576656e745f6964223a2235643162336234652d316633632d356136332d386630652d306437623062366637613031222c226576656e745f74797065223a2274656c656772616d2e73656e64222c22736368656d615f76657273696f6e223a22312e302e30222c22736f75726365223a22627261696e222c22746172676574223a2273656e646572222c2274696d657374616d70223a22323032362d31312d32325431393a32303a30352e3030303030305a222c2274726163655f6964223a223338366464363464373066666230633262636334363437643136333863316431222c226964656d706f74656e63795f6b6579223a2274673a313030303030303030313a37372f7265706c79222c227061796c6f6164223a7b22626f745f6964223a313030303030303030312c22636861745f6964223a322c227468726561645f6964223a6e756c6c2c2274657874223a226f7765642c206d61c3b1616e6120f09f9982222c22656e746974696573223a5b5d2c227265706c795f746f5f6d6573736167655f6964223a6e756c6c2c22627574746f6e73223a5b5d2c226d6573736167655f636c617373223a227265706c79222c2273696c656e74223a66616c73657d7d');

INSERT INTO openclaw.rates (bucket, full_at, blocked_until) VALUES
	('bot:1000000001', '2026-11-22 19:26:03.927669+00', '2026-11-11 05:39:23.887669+00'),
	('chat:1000000001:1', '2026-11-22 19:26:06.122949+00', '2026-11-11 05:39:23.887669+00');

INSERT INTO openclaw.runs (run_id, target, consumer, event_ids, started_at) VALUES
	('4c86963f-705b-4549-b028-841de28f0403', 'brain', 'brain', '{}', '2026-11-22 19:26:03.885099+00');

INSERT INTO openclaw.runtime (name, value, applied, updated_at) VALUES
	('api_mode', 'openai', true, '2026-11-22 19:26:03.496459+00');

INSERT INTO openclaw.settings (scope, name, value, updated_at) VALUES
	('1000000001:u1', 'greeted', 'yes', '2026-11-22 19:26:03.052982+00'),
	('1000000001:c-3', 'greeted', 'two
lines and an empty one

', '2026-11-22 19:26:05.119781+00');

INSERT INTO openclaw.tasks (task_id, scope, number, title, status, due_at, created_by, created_at, closed_at) VALUES
	('5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a04', '1000000001:u1', 1, 'buy milk', 'open', '2026-12-01 08:30:00.123456+00', 1, '2026-11-22 19:26:05.119781+00', NULL);

INSERT INTO public.schema_version (version_num) VALUES
	('0001');

SELECT pg_catalog.setval('openclaw.dead_letters_letter_id_seq', 1, true);

SELECT pg_catalog.setval('openclaw.outbox_seq_seq', 7, true);

ALTER TABLE ONLY openclaw.chats
    ADD CONSTRAINT chats_pkey PRIMARY KEY (bot_id, chat_id);

ALTER TABLE ONLY openclaw.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (lane);

ALTER TABLE ONLY openclaw.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (letter_id);

ALTER TABLE ONLY openclaw.dead_letters
    ADD CONSTRAINT dead_letters_target_event_id_key UNIQUE (target, event_id);

ALTER TABLE ONLY openclaw.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (key);

ALTER TABLE ONLY openclaw.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (key);

ALTER TABLE ONLY openclaw.memories
    ADD CONSTRAINT memories_pkey PRIMARY KEY (memory_id);

ALTER TABLE ONLY openclaw.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (target, event_id);

ALTER TABLE ONLY openclaw.rates
    ADD CONSTRAINT rates_pkey PRIMARY KEY (bucket);

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

ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkc PRIMARY KEY (version_num);

CREATE INDEX audit_at ON ONLY openclaw.audit USING btree (at);

CREATE INDEX audit_2026_11_at_idx ON openclaw.audit_2026_11 USING btree (at);

CREATE INDEX audit_trace ON ONLY openclaw.audit USING btree (trace_id);

CREATE INDEX audit_2026_11_trace_id_idx ON openclaw.audit_2026_11 USING btree (trace_id);

CREATE INDEX audit_2026_12_at_idx ON openclaw.audit_2026_12 USING btree (at);

CREATE INDEX audit_2026_12_trace_id_idx ON openclaw.audit_2026_12 USING btree (trace_id);

CREATE INDEX audit_2027_01_at_idx ON openclaw.audit_2027_01 USING btree (at);

CREATE INDEX audit_2027_01_trace_id_idx ON openclaw.audit_2027_01 USING btree (trace_id);

CREATE INDEX audit_default_at_idx ON openclaw.audit_default USING btree (at);

CREATE INDEX audit_default_trace_id_idx ON openclaw.audit_default USING btree (trace_id);

CREATE INDEX inbox_arrived ON openclaw.inbox USING brin (arrived_at);

CREATE INDEX memories_scope ON openclaw.memories USING btree (scope, created_at);

CREATE INDEX outbox_lane ON openclaw.outbox USING btree (target, lane, seq);

CREATE INDEX outbox_unordered ON openclaw.outbox USING btree (target, lane, available_at) WHERE (NOT ordered);

ALTER INDEX openclaw.audit_at ATTACH PARTITION openclaw.audit_2026_11_at_idx;

ALTER INDEX openclaw.audit_trace ATTACH PARTITION openclaw.audit_2026_11_trace_id_idx;

ALTER INDEX openclaw.audit_at ATTACH PARTITION openclaw.audit_2026_12_at_idx;

ALTER INDEX openclaw.audit_trace ATTACH PARTITION openclaw.audit_2026_12_trace_id_idx;

ALTER INDEX openclaw.audit_at ATTACH PARTITION openclaw.audit_2027_01_at_idx;

ALTER INDEX openclaw.audit_trace ATTACH PARTITION openclaw.audit_2027_01_trace_id_idx;

ALTER INDEX openclaw.audit_at ATTACH PARTITION openclaw.audit_default_at_idx;

ALTER INDEX openclaw.audit_trace ATTACH PARTITION openclaw.audit_default_trace_id_idx;

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON openclaw.audit FOR EACH ROW EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON openclaw.audit_default FOR EACH STATEMENT EXECUTE FUNCTION openclaw.refuse_change();

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

CREATE POLICY named_scopes ON openclaw.settings TO openclaw_brain USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

CREATE POLICY named_scopes ON openclaw.tasks TO openclaw_brain USING ((scope = ANY (( SELECT string_to_array(current_setting('openclaw.scopes'::text, true), ','::text) AS string_to_array)::text[])));

CREATE POLICY operator_reads ON openclaw.dead_letters FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.memories FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.outbox FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.runs FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.settings FOR SELECT TO openclaw_operator USING (true);

CREATE POLICY operator_reads ON openclaw.tasks FOR SELECT TO openclaw_operator USING (true);

ALTER TABLE openclaw.outbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE openclaw.runs ENABLE ROW LEVEL SECURITY;

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

REVOKE ALL ON FUNCTION openclaw.backlog() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.backlog() TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.backlog() TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.dead_letter_count() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.dead_letter_count() TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.dead_letter_count() TO openclaw_operator;

REVOKE ALL ON FUNCTION openclaw.ensure_audit_partitions() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.ensure_audit_partitions() TO openclaw_brain;
GRANT ALL ON FUNCTION openclaw.ensure_audit_partitions() TO openclaw_sender;

REVOKE ALL ON FUNCTION openclaw.forget_updates() FROM PUBLIC;
GRANT ALL ON FUNCTION openclaw.forget_updates() TO openclaw_brain;

GRANT INSERT ON TABLE openclaw.audit TO openclaw_gateway;
GRANT INSERT ON TABLE openclaw.audit TO openclaw_brain;
GRANT INSERT ON TABLE openclaw.audit TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.audit TO openclaw_operator;

GRANT SELECT ON TABLE openclaw.audit_default TO openclaw_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.chats TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.chats TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.claims TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.claims TO openclaw_operator;

GRANT SELECT,INSERT ON TABLE openclaw.dead_letters TO openclaw_brain;
GRANT SELECT,INSERT ON TABLE openclaw.dead_letters TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.dead_letters TO openclaw_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.deliveries TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.deliveries TO openclaw_operator;

GRANT SELECT,INSERT ON TABLE openclaw.inbox TO openclaw_gateway;
GRANT SELECT ON TABLE openclaw.inbox TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.memories TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.memories TO openclaw_operator;

GRANT INSERT ON TABLE openclaw.outbox TO openclaw_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.outbox TO openclaw_brain;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.outbox TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.outbox TO openclaw_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.rates TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.rates TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.runs TO openclaw_brain;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.runs TO openclaw_sender;
GRANT SELECT ON TABLE openclaw.runs TO openclaw_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE openclaw.runtime TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.runtime TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.settings TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.settings TO openclaw_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE openclaw.tasks TO openclaw_brain;
GRANT SELECT ON TABLE openclaw.tasks TO openclaw_operator;
