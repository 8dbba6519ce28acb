-- Made by `vitest run test/store/migrate.test.ts -u` from the migrations. For reading.

create table activity (
  id bigint not null generated always as identity,
  run_id uuid not null,
  at bigint not null,
  step integer not null,
  item integer not null,
  attempt integer not null,
  level smallint not null,
  message text not null,
  rest json
);

create table api_token (
  id uuid not null,
  name text not null,
  hash text not null,
  role text not null,
  namespace text not null,
  created_by text not null,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);

create table blob (
  digest text not null,
  size bigint not null,
  media_type text not null,
  created_at bigint not null
);

create table blob_chunk (
  digest text not null,
  number integer not null,
  bytes bytea not null
);

create table event (
  id bigint not null generated always as identity,
  key text not null,
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
) with (fillfactor=80);

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
  body json
);

create table request (
  id text not null,
  run_id uuid not null,
  created_at bigint not null,
  by text not null,
  body json not null
);

create table revision (
  source text not null,
  revision text not null,
  applied_at bigint not null,
  created json not null,
  configured json not null,
  pruned json not null
);

create table run (
  id uuid not null,
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
) with (fillfactor=70);

create table run_manifest (
  namespace text not null,
  name text not null,
  digest text not null,
  source text not null,
  on_delete text not null,
  run_id uuid not null,
  created_at bigint not null,
  deleted_at bigint
);

create table schema_migration (
  number integer not null,
  name text not null,
  applied_at timestamp with time zone not null default now()
);

create table source (
  name text not null,
  record json not null,
  requested_token text not null,
  suspended boolean not null
);

create table version (
  id uuid not null,
  workflow_id uuid not null,
  number integer not null,
  digest text not null,
  graph json not null,
  manifest json not null,
  origin json not null,
  created_at bigint not null
);

create table workflow (
  id uuid not null,
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
  digest text not null default ''::text,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint
);

alter table activity add constraint activity_pkey PRIMARY KEY (id);
alter table api_token add constraint api_token_hash_key UNIQUE (hash);
alter table api_token add constraint api_token_pkey PRIMARY KEY (id);
alter table blob add constraint blob_pkey PRIMARY KEY (digest);
alter table blob_chunk add constraint blob_chunk_pkey PRIMARY KEY (digest, number);
alter table event add constraint event_key_key UNIQUE (key);
alter table event add constraint event_pkey PRIMARY KEY (id);
alter table fact add constraint fact_pkey PRIMARY KEY (run_id, seq);
alter table request add constraint request_pkey PRIMARY KEY (id);
alter table revision add constraint revision_pkey PRIMARY KEY (source, applied_at, revision);
alter table run add constraint run_pkey PRIMARY KEY (id);
alter table run_manifest add constraint run_manifest_pkey PRIMARY KEY (namespace, name, digest);
alter table schema_migration add constraint schema_migration_pkey PRIMARY KEY (number);
alter table source add constraint source_pkey PRIMARY KEY (name);
alter table version add constraint version_pkey PRIMARY KEY (id);
alter table version add constraint version_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflow(id);
alter table version add constraint version_workflow_id_number_key UNIQUE (workflow_id, number);
alter table workflow add constraint workflow_namespace_name_key UNIQUE (namespace, name);
alter table workflow add constraint workflow_pkey PRIMARY KEY (id);

CREATE INDEX activity_by_run ON public.activity USING btree (run_id, id);
CREATE INDEX event_by_object ON public.event USING btree (namespace, kind, name, last_at DESC);
CREATE INDEX event_by_time ON public.event USING btree (last_at DESC, id DESC);
CREATE INDEX request_by_run ON public.request USING btree (run_id);
CREATE UNIQUE INDEX run_by_key ON public.run USING btree (namespace, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX run_by_label ON public.run USING gin (labels jsonb_path_ops) WHERE (labels <> '{}'::jsonb);
CREATE INDEX run_by_parent ON public.run USING btree (parent_run_id, status) WHERE (parent_run_id IS NOT NULL);
CREATE INDEX run_by_status ON public.run USING btree (namespace, status, created_at DESC, id DESC);
CREATE INDEX run_by_workflow ON public.run USING btree (namespace, workflow, status, created_at DESC, id DESC);
CREATE INDEX run_child_to_tell ON public.run USING btree (parent_run_id) WHERE ((parent_run_id IS NOT NULL) AND (NOT parent_told) AND (status >= 10));
CREATE INDEX run_due ON public.run USING btree (wake_at) WHERE ((wake_at IS NOT NULL) AND (status < 10));
CREATE INDEX run_pending ON public.run USING btree (created_at) WHERE (status = 0);
CREATE INDEX run_unfinished ON public.run USING btree (id) WHERE (status < 10);

create view step_attempt as
 SELECT f.run_id,
    f.seq,
    r.namespace,
    r.workflow,
    (((v.graph -> 'steps'::text) -> f.step) ->> 'id'::text) AS step,
    NULLIF(f.item, '-1'::integer) AS item,
    f.attempt,
        CASE f.status
            WHEN 1 THEN 'completed'::text
            WHEN 2 THEN 'failed'::text
            WHEN 3 THEN 'cancelled'::text
            ELSE NULL::text
        END AS status,
    f.branch,
    f.output,
    f.error,
    to_timestamp((((f.started_at)::numeric / 1000.0))::double precision) AS started_at,
    to_timestamp((((f.finished_at)::numeric / 1000.0))::double precision) AS finished_at,
    f.runner
   FROM ((fact f
     JOIN run r ON ((r.id = f.run_id)))
     JOIN version v ON ((v.id = r.version_id)))
  WHERE (f.kind = 2);
