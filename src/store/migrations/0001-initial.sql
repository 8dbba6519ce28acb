-- Times are epoch milliseconds, as everywhere in the program; the views at the end show them as
-- timestamps. User data is `json`, not `jsonb`: it keeps the order of keys, takes \u0000, and is
-- cheaper to write. Hot tables have no foreign keys: each costs a lookup per row, and the one
-- statement that writes them joins the parent anyway.

-- The controller writes `record`; the API writes the other two, at any time, also while a reconcile
-- that has read the row before is still under way.
create table source (
  name text primary key,
  record json not null,
  requested_token text not null,
  suspended boolean not null
);

create table revision (
  source text not null,
  revision text not null,
  applied_at bigint not null,
  created json not null,
  configured json not null,
  pruned json not null,
  primary key (source, applied_at, revision)
);

create table workflow (
  id uuid primary key,
  namespace text not null,
  name text not null,
  title text not null,
  description text not null,
  labels jsonb not null,
  annotations jsonb not null,
  owner text not null,
  suspended boolean not null default false,
  version_id uuid,
  version_number integer not null default 0,
  digest text not null default '',
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint,
  unique (namespace, name)
);

create table version (
  id uuid primary key,
  workflow_id uuid not null references workflow,
  number integer not null,
  digest text not null,
  graph json not null,
  manifest json not null,
  origin json not null,
  created_at bigint not null,
  unique (workflow_id, number)
);

create table blob (
  digest text primary key,
  size bigint not null,
  media_type text not null,
  created_at bigint not null
);

-- At most 1 MiB each, so that no message or value grows without bound.
create table blob_chunk (
  digest text not null,
  number integer not null,
  bytes bytea not null,
  primary key (digest, number)
);
alter table blob_chunk alter column bytes set storage external;

-- The columns that every commit changes come first. While a run is under way only seq, status,
-- wake_at and the times change; status and wake_at are indexed but mostly stay as they are, and a
-- page keeps room for the next versions of its rows, so that these updates touch no index (HOT).
create table run (
  id uuid primary key,
  seq integer not null,
  status smallint not null,
  wake_at bigint,
  started_at bigint,
  finished_at bigint,
  created_at bigint not null,
  version_number integer not null,
  parent_step integer,
  parent_item integer,
  parent_attempt integer,
  parent_told boolean not null default false,
  version_id uuid not null,
  parent_run_id uuid,
  namespace text not null,
  workflow text not null,
  created_by text not null,
  cause_kind text not null,
  cause_name text not null,
  idempotency_key text,
  labels jsonb not null,
  input json,
  output json,
  error json
) with (fillfactor = 70);

-- Lists read the newest of each status and merge, so two indexes serve every filter.
create index run_by_status on run (namespace, status, created_at desc, id desc);
create index run_by_workflow on run (namespace, workflow, status, created_at desc, id desc);
create index run_by_label on run using gin (labels jsonb_path_ops) where labels <> '{}';
create unique index run_by_key on run (namespace, idempotency_key) where idempotency_key is not null;
create index run_due on run (wake_at) where wake_at is not null and status < 10;
create index run_unfinished on run (id) where status < 10;
create index run_pending on run (created_at) where status = 0;
create index run_by_parent on run (parent_run_id, status) where parent_run_id is not null;
create index run_child_to_tell on run (parent_run_id)
  where parent_run_id is not null and not parent_told and status >= 10;

-- One row per fact, so one row per step attempt. Control facts keep what is special in `body`.
create table fact (
  at bigint not null,
  started_at bigint,
  finished_at bigint,
  run_id uuid not null,
  seq integer not null,
  step integer,
  item integer,
  attempt integer,
  kind smallint not null,
  status smallint,
  branch text,
  runner text,
  output json,
  error json,
  body json,
  primary key (run_id, seq)
);

create table request (
  id text primary key,
  run_id uuid not null,
  created_at bigint not null,
  by text not null,
  body json not null
);
create index request_by_run on request (run_id);

create table activity (
  id bigint generated always as identity primary key,
  run_id uuid not null,
  at bigint not null,
  step integer not null,
  item integer not null,
  attempt integer not null,
  level smallint not null,
  message text not null,
  rest json
);
create index activity_by_run on activity (run_id, id);

create table event (
  id bigint generated always as identity primary key,
  -- SHA-256 over namespace, kind, name, reason and message: what is the same event again.
  key text not null unique,
  namespace text not null,
  kind text not null,
  name text not null,
  type text not null,
  reason text not null,
  message text not null,
  details json not null,
  count integer not null,
  first_at bigint not null,
  last_at bigint not null
) with (fillfactor = 80);
create index event_by_object on event (namespace, kind, name, last_at desc);
create index event_by_time on event (last_at desc, id desc);

create table run_manifest (
  namespace text not null,
  name text not null,
  digest text not null,
  source text not null,
  on_delete text not null,
  run_id uuid not null,
  created_at bigint not null,
  deleted_at bigint,
  primary key (namespace, name, digest)
);

create table api_token (
  id uuid primary key,
  name text not null,
  -- SHA-256 of the token, which itself is nowhere.
  hash text not null unique,
  role text not null,
  namespace text not null,
  created_by text not null,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);

-- For people with psql.
create view step_attempt as
select
  f.run_id,
  f.seq,
  r.namespace,
  r.workflow,
  v.graph -> 'steps' -> f.step ->> 'id' as step,
  nullif(f.item, -1) as item,
  f.attempt,
  case f.status when 1 then 'completed' when 2 then 'failed' when 3 then 'cancelled' end as status,
  f.branch,
  f.output,
  f.error,
  to_timestamp(f.started_at / 1000.0) as started_at,
  to_timestamp(f.finished_at / 1000.0) as finished_at,
  f.runner
from fact f
join run r on r.id = f.run_id
join version v on v.id = r.version_id
where f.kind = 2;
