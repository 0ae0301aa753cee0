-- The scheduler marks what it acts on, as the brain and the sender do, and buries what ended too many of its processes.
create policy scheduler_own on openclaw.runs to openclaw_scheduler using (target = 'scheduler');
grant select, insert, update, delete on openclaw.runs to openclaw_scheduler;
create policy scheduler_buries on openclaw.dead_letters for insert to openclaw_scheduler
  with check (target = 'brain' and openclaw.label(envelope, 'source') = 'scheduler');
grant insert on openclaw.dead_letters to openclaw_scheduler;
