-- Who may talk. A subject is a user, a group or a channel as one bot knows it: `{bot}:{id}`, which is also the lane of
-- its chat. Codes are kept as hashes. `stranger` is somebody who tried codes that were none.
create table openclaw.access (
  -- Compared as bytes, whatever the database's language: those of one bot are found by where they begin.
  subject text collate "C" primary key,
  standing text not null check (standing in ('stranger', 'asked', 'member', 'admin', 'owner', 'revoked')),
  name text not null default '',
  code_hash text,
  code_until timestamptz,
  wrong_codes integer not null default 0,
  wrong_since timestamptz,
  decided_by text not null default '',
  changed_at timestamptz not null default now()
);
create unique index access_code on openclaw.access (code_hash) where code_hash is not null;
create index access_undecided on openclaw.access (changed_at) where standing in ('stranger', 'asked');

-- Codes that somebody was given to send to the bot, each good for one person and one standing. Those of an admin end
-- when the admin is none any more.
create table openclaw.invitations (
  code_hash text primary key,
  bot_id bigint not null,
  standing text not null check (standing in ('member', 'admin', 'owner')),
  expires_at timestamptz not null,
  made_by text not null default ''
);

grant select, insert, update, delete on openclaw.access, openclaw.invitations to openclaw_brain, openclaw_operator;
-- The operator decides about access: the decision is audited, and whoever it concerns is told.
grant insert on openclaw.audit to openclaw_operator;
grant insert on openclaw.outbox to openclaw_operator;
create policy operator_tells on openclaw.outbox for insert to openclaw_operator with check (target = 'sender');

-- The brain learns from Telegram who left and who came back.
grant select, insert, update on openclaw.chats to openclaw_brain;

-- What the brain first made of the message that a trace belongs to, so that an edit of it finds the answer that it got:
-- a run that answered before one that did not.
create function openclaw.first_run(trace text) returns table (key text, outcome text, reason text)
  language sql stable security definer set search_path = pg_catalog as $$
  select a.idempotency_key, a.outcome, a.reason from openclaw.audit a
  where a.trace_id = trace and a.event_type = 'message.received' and a.consumer = 'brain'
    and a.outcome in ('processed', 'ignored')
  order by a.outcome = 'ignored', a.at limit 1
$$;
revoke all on function openclaw.first_run(text) from public;
grant execute on function openclaw.first_run(text) to openclaw_brain;

-- `openclaw doctor` tells which schema a database has.
grant select on public.schema_version to openclaw_operator;
