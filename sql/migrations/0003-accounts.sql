-- Ours: who may sign in where OpenMRS is not asked, and who did what.

create table sync_account (
  name text primary key,
  password text not null, -- scrypt's parameters, salt and key: see src/accounts/password.ts
  rights text[] not null,
  created_at timestamptz not null default now(),
  password_at timestamptz not null default now()
);
-- Maria and maria are one
create unique index sync_account_name on sync_account (lower(name));

create table sync_session (
  hash text primary key, -- of the cookie: whoever reads this table cannot sign in with it
  account text not null references sync_account on delete cascade,
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(), -- to the minute
  expires_at timestamptz not null
);
create index sync_session_account on sync_session (account);

create table sync_token (
  name text primary key,
  hash text not null unique,
  rights text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz -- to the minute
);

-- the columns are those that rate-limiter-flexible writes
create table sync_login_attempt (
  key varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);

create table sync_audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  user_name text not null,
  type text not null,
  message text not null,
  request_id text,
  -- to OpenMRS's audit log, where there is one
  delivery text not null default 'waiting' check (delivery in ('waiting', 'delivered', 'given-up')),
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  unanswered boolean not null default false -- a request with it went out, and nobody has seen the answer
);
create index sync_audit_waiting on sync_audit (next_at) where delivery = 'waiting';
create index sync_audit_user on sync_audit (user_name, type, at);
