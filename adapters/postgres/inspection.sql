-- What `openclaw doctor` asks. Each statement stands alone, reads, and needs no right beyond what its comment says;
-- where it is refused, the checks that need it are not made.

-- name: server
select current_user::text as "user", r.rolsuper as superuser, pg_is_in_recovery() as in_recovery,
  current_setting('default_transaction_read_only') = 'on' as read_only,
  current_setting('server_encoding') as encoding,
  extract(epoch from clock_timestamp())::float8 as now_s,
  (select pg_get_userbyid(n.nspowner)::text from pg_namespace n where n.nspname = 'openclaw') as owner
from pg_roles r where r.rolname = current_user;

-- name: settings
-- The server's settings, those of this database and those of our roles in it: every way in which a session gets one.
select '' as role, name, setting from pg_settings where name = any ($1::text[])
union all
select coalesce(r.rolname, '') as role, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
from pg_db_role_setting s cross join lateral unnest(s.setconfig) c left join pg_roles r on r.oid = s.setrole
where (s.setdatabase = 0 or s.setdatabase = (select oid from pg_database where datname = current_database()))
  and (s.setrole = 0 or r.rolname like 'openclaw\_%') and split_part(c, '=', 1) = any ($1::text[]);

-- name: schema_version
-- For the owner; others are refused.
select version_num from public.schema_version;

-- name: things
-- What the schema consists of, as `kind name`, in the words of `parts_of_schema`.
select 'table ' || c.relname as thing from pg_class c
where c.relnamespace = to_regnamespace('openclaw') and c.relkind in ('r', 'p')
  and (not c.relispartition or c.relname = 'audit_default')
union all
select 'function ' || p.proname from pg_proc p where p.pronamespace = to_regnamespace('openclaw')
union all
select 'index ' || i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
where i.relnamespace = to_regnamespace('openclaw') and x.indisvalid and x.indisready
union all
select 'trigger ' || t.tgname || ' on ' || c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = to_regnamespace('openclaw') and not t.tgisinternal and t.tgenabled in ('O', 'A')
union all
select 'policy ' || p.polname || ' on ' || c.relname from pg_policy p join pg_class c on c.oid = p.polrelid
where c.relnamespace = to_regnamespace('openclaw')
union all
select 'row security on ' || c.relname from pg_class c
where c.relnamespace = to_regnamespace('openclaw') and c.relrowsecurity
union all
select 'forced row security on ' || c.relname from pg_class c
where c.relnamespace = to_regnamespace('openclaw') and c.relforcerowsecurity
union all
-- What one function grants to all would be granted to our roles too.
select privilege || ' on ' || thing || ' to ' || case grantee when 0 then 'public' else pg_get_userbyid(grantee) end
from (
  select a.privilege_type as privilege, a.grantee, 'table ' || c.relname as thing
  from pg_class c cross join lateral aclexplode(c.relacl) a
  where c.relnamespace = to_regnamespace('openclaw') and c.relkind in ('r', 'p')
    and (not c.relispartition or c.relname = 'audit_default')
  union all
  select a.privilege_type, a.grantee, 'column ' || c.relname || '.' || t.attname
  from pg_class c join pg_attribute t on t.attrelid = c.oid cross join lateral aclexplode(t.attacl) a
  where c.relnamespace = to_regnamespace('openclaw')
  union all
  select a.privilege_type, a.grantee, 'function ' || p.proname
  from pg_proc p cross join lateral aclexplode(p.proacl) a where p.pronamespace = to_regnamespace('openclaw')
  union all
  select a.privilege_type, a.grantee, 'schema ' || n.nspname
  from pg_namespace n cross join lateral aclexplode(n.nspacl) a where n.nspname = 'openclaw'
) granted
where grantee = 0 or pg_get_userbyid(grantee) like 'openclaw\_%';

-- name: roles
select r.rolname as role, r.rolcanlogin as can_login, pg_has_role(current_user, r.oid, 'MEMBER') as can_become,
  array_remove(array[
    case when r.rolsuper then 'SUPERUSER' end, case when r.rolbypassrls then 'BYPASSRLS' end,
    case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end,
    case when r.rolreplication then 'REPLICATION' end], null) as powers,
  array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as groups
from pg_roles r where r.rolname like 'openclaw\_%';

-- name: snapshots
-- What keeps dead rows from being removed. How long a session of another user has lasted is told to pg_read_all_stats
-- and superusers only; how many transactions ago its snapshot was taken is told to all.
select pid, coalesce(usename, '') as "user", application_name as application, age(backend_xmin) as transactions,
  extract(epoch from clock_timestamp() - xact_start)::float8 as lasts_s
from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_xmin is not null
order by age(backend_xmin) desc limit 5;

-- name: prepared
select gid, owner::text as owner, extract(epoch from clock_timestamp() - prepared)::float8 as lasts_s
from pg_prepared_xacts where database = current_database() order by prepared limit 5;

-- name: slots
select slot_name::text as slot, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 as kept_bytes
from pg_replication_slots where not active order by slot_name limit 5;

-- name: partitions
-- The months of the audit, this one and the next, and whether each has its partition.
select to_char(m, 'YYYY-MM') as month, to_regclass('openclaw.audit_' || to_char(m, 'YYYY_MM')) is not null as there
from generate_series(date_trunc('month', now() at time zone 'UTC'),
  date_trunc('month', now() at time zone 'UTC') + interval '1 month', interval '1 month') m;

-- name: queues
-- The tables that turn over all the time: how many rows are dead, and whether somebody took autovacuum away.
select s.relname as "table", s.n_live_tup as live, s.n_dead_tup as dead,
  coalesce('autovacuum_enabled=false' = any (c.reloptions) or 'autovacuum_enabled=off' = any (c.reloptions), false)
    as unattended
from pg_stat_user_tables s join pg_class c on c.oid = s.relid
where s.schemaname = 'openclaw' and s.relname in ('outbox', 'claims', 'runs', 'rates', 'inbox', 'deliveries');

-- name: sessions
select sum(numbackends)::bigint as used from pg_stat_database;

-- name: backlog
-- For the operator, the brain and the owner, as the two that follow.
select target, owed, oldest_s from openclaw.backlog();

-- name: dead_letters
select openclaw.dead_letter_count() as letters;

-- name: crowds
-- For the operator, the gateway and the owner. How much the chats owe that owe most, and all together; no chat is named.
select lane is null as is_all, owed from openclaw.crowds(10, 1000, false);

-- name: retention
-- For the operator, the scheduler and the owner.
select kind, extract(epoch from openclaw.now() - ran_at)::float8 as ago_s from openclaw.retention;

-- name: first_audit
-- For the operator and the owner. Since when something has been done here.
select coalesce(extract(epoch from openclaw.now() - min(at)), 0)::float8 as ago_s from openclaw.audit;

-- name: owners
-- For the operator, the brain and the owner. How many may decide who is let in.
select count(*) as owners from openclaw.access where standing in ('owner', 'admin');

-- name: mode
select value, applied from openclaw.runtime where name = 'api_mode';
