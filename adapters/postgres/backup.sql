-- name: session
-- The same text for the same values on every server, and no bound meant for quick statements.
set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
set extra_float_digits = 1; set statement_timeout = 0; set lock_timeout = 0;
set idle_in_transaction_session_timeout = 0;

-- name: session_17
-- What servers from version 17 on have besides.
set transaction_timeout = 0;

-- name: server
select current_setting('server_version');

-- name: moment
-- When this transaction began, as RFC 3339 has it.
select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- name: tables
-- Tables with the rows of their partitions, and the columns that are written rather than computed. The clock is no
-- data: it is that of the installation.
select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = to_regnamespace('openclaw') and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname <> 'clock' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
group by c.oid, c.relname order by c.relname;

-- name: references
-- Which table has a foreign key to which other one.
select distinct f.relname::text as name, t.relname::text as refers_to
from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_class t on t.oid = k.confrelid
where k.contype = 'f' and f.relnamespace = to_regnamespace('openclaw') and f.oid <> t.oid
  and not f.relispartition and not t.relispartition;

-- name: sequences
-- The last number that each sequence gave; none where it gave none yet.
select sequencename::text as name, last_value from pg_sequences where schemaname = 'openclaw' order by 1;

-- name: months
-- The months for which the audit has a partition of its own.
select substring(c.relname from 'audit_(\d{4}_\d{2})$') as month
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = to_regclass('openclaw.audit') and c.relname ~ 'audit_\d{4}_\d{2}$' order by 1;

-- name: rights
-- What each role of a service may do with each table.
select c.relname::text as table_name, r.rolname::text as role,
  string_agg(x.privilege_type, ' ' order by x.privilege_type) as may
from pg_class c cross join lateral aclexplode(c.relacl) x join pg_roles r on r.oid = x.grantee
where c.relnamespace = to_regnamespace('openclaw') and c.relkind in ('r', 'p') and not c.relispartition
  and r.rolname like 'openclaw\_%'
group by c.relname, r.rolname order by 1, 2;

-- name: hidden
-- Tables of which this user would not see every row: security by rows applies and no policy lets it read all.
select c.relname::text as name from pg_class c
where c.relnamespace = to_regnamespace('openclaw') and c.relkind in ('r', 'p') and not c.relispartition
  and row_security_active(c.oid) and not exists (
    select 1 from pg_policy p
    where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*')
      and pg_get_expr(p.polqual, p.polrelid) = 'true'
      and exists (select 1 from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'usage')))
order by 1;

-- name: guests
-- Services that are connected to this database.
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
  and (usename like 'openclaw\_%' or application_name like 'openclaw\_%');

-- name: stands
-- Whether there is anything of OpenClaw's in this database.
select to_regnamespace('openclaw') is not null or to_regclass('public.schema_version') is not null;

-- name: clear
-- Only for a schema all of whose tables are locked and known to be empty.
drop schema if exists openclaw cascade; drop table if exists public.schema_version;

-- name: secured
-- Tables whose owner is bound by security by rows, too: COPY refuses to write to those.
select c.relname::text as name from pg_class c
where c.relnamespace = to_regnamespace('openclaw') and c.relforcerowsecurity and row_security_active(c.oid) order by 1;

-- name: set_sequence
select setval(format('openclaw.%I', $1::text)::regclass, $2);

-- name: forget_runs
-- The processes of the installation that was backed up do not run any event of this one.
delete from openclaw.runs;

-- name: tell_of_letters_anew
-- Admins are told of what is parked as soon as of any dead letter, whenever they were told of others.
delete from openclaw.runtime where name = 'dead_letters_told';

-- name: tell_mode_again
-- Redis may be another one, or know another mode: the brain tells it what was committed.
update openclaw.runtime set applied = false;

-- name: owed_count
select count(*) from openclaw.outbox;

-- name: owed_by_now
-- What may have been handled after the backup was made. What is due later cannot have been.
select target, event_id, lane, seq, ordered, attempt, deaths, cause, envelope from openclaw.outbox
where available_at <= openclaw.now() order by seq limit $1;

-- name: doubt_occasions
-- What was on its way to a chat may have been said after the backup was made, or not: the next contact tells so.
update openclaw.occasions o
set kept = 'ambiguous', reason = 'owed when the backup was made', at = openclaw.now(), told = false
from unnest($1::uuid[], $2::timestamptz[]) as x(task_id, bucket)
where o.task_id = x.task_id and o.bucket = x.bucket;

-- name: record
insert into openclaw.audit (consumer, outcome, event_id, event_type, source, target, trace_id, idempotency_key,
  cause, scope, attempt, reason, duration_ms)
select $1, x.* from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::uuid[], $10::text[], $11::int[], $12::text[], $13::real[]) as x;
