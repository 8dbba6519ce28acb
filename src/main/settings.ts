import { availableParallelism } from 'node:os';

import { logFormats, logLevels } from '../telemetry/log.ts';
import {
  type ReadText,
  bytes,
  duration,
  list,
  oneOf,
  signingKey,
  text,
  url,
  urls,
  whole,
  yesOrNo,
} from './setting-values.ts';

export interface Setting<T> {
  readonly name: string;
  /** As the environment would have it; `''` is not set. */
  readonly default: string;
  /** Shown in the documentation in place of a default that depends on the machine. */
  readonly shown?: string;
  readonly isSecret?: boolean;
  readonly read: ReadText<T>;
  readonly about: string;
}

function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

const jwtAlgorithms = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

const serverSettings = {
  host: setting({
    name: 'HOST',
    default: '127.0.0.1',
    read: text,
    about:
      'Address to listen on. On any but loopback the server asks every caller to authenticate.',
  }),
  port: setting({
    name: 'PORT',
    default: '8080',
    read: whole(0, 65535),
    about: 'Port of everything: gRPC, Connect, gRPC-Web and REST. 0 takes a free one.',
  }),
  metricsPort: setting({
    name: 'BEHEST_METRICS_PORT',
    default: '0',
    shown: 'off',
    read: whole(0, 65535),
    about:
      'Port on 127.0.0.1 where a controller or a runner by itself serves `/metrics`. The API has it on PORT.',
  }),
  tlsCert: setting({
    name: 'TLS_CERT',
    default: '',
    read: text,
    about: 'File with the certificate chain (PEM): serve HTTPS. Needs TLS_KEY.',
  }),
  tlsKey: setting({
    name: 'TLS_KEY',
    default: '',
    read: text,
    about: 'File with the private key (PEM) of TLS_CERT.',
  }),
  dataDir: setting({
    name: 'BEHEST_DATA_DIR',
    default: '.behest',
    read: text,
    about: 'Embedded database, git mirrors and the local token.',
  }),
  databaseUrl: setting({
    name: 'DATABASE_URL',
    default: '',
    isSecret: true,
    read: url(['postgres:', 'postgresql:']),
    about: 'Postgres 14 or newer. Not set: an embedded one in BEHEST_DATA_DIR.',
  }),
  natsUrl: setting({
    name: 'NATS_URL',
    default: '',
    isSecret: true,
    read: urls(['nats:', 'tls:', 'ws:', 'wss:']),
    about:
      'NATS 2.9 or newer with JetStream; several separated by commas. Not set: inside the process.',
  }),
  bodyLimitBytes: setting({
    name: 'BEHEST_BODY_LIMIT',
    default: '4MiB',
    read: bytes,
    about: 'Largest request body that is no upload.',
  }),
  uploadLimitBytes: setting({
    name: 'BEHEST_UPLOAD_LIMIT',
    default: '64MiB',
    read: bytes,
    about: 'Largest multipart upload, all its files together.',
  }),
  drainMs: setting({
    name: 'BEHEST_DRAIN_TIMEOUT',
    default: '20s',
    read: duration(0),
    about: 'How long running attempts and requests may take to end after SIGTERM.',
  }),
};

const accessSettings = {
  jwtSecret: setting({
    name: 'JWT_SECRET',
    default: '',
    isSecret: true,
    read: signingKey,
    about: 'Secret of HS256, HS384 or HS512 tokens, at least 32 bytes.',
  }),
  jwtAlgorithm: setting({
    name: 'JWT_ALGORITHM',
    default: 'HS256',
    read: oneOf(jwtAlgorithms),
    about: 'The only algorithm that tokens may be signed with.',
  }),
  jwtDefaultRole: setting({
    name: 'JWT_DEFAULT_ROLE',
    default: 'viewer',
    read: oneOf(['viewer', 'operator', 'admin']),
    about: 'Role of a valid web token that has no `role` claim.',
  }),
  jwksUrl: setting({
    name: 'JWKS_URL',
    default: '',
    read: url(['https:', 'http:']),
    about: 'Public keys of an OIDC issuer, for tokens that are not signed with JWT_SECRET.',
  }),
  jwtIssuer: setting({
    name: 'JWT_ISSUER',
    default: '',
    read: text,
    about: 'Issuer (`iss`) that a web token must have. Not set: any that has the key.',
  }),
  jwtAudience: setting({
    name: 'JWT_AUDIENCE',
    default: '',
    read: text,
    about:
      'Audience (`aud`) that a web token must be meant for. Set it with JWKS_URL, or tokens for other programs of the same issuer work here too.',
  }),
};

const sourceSettings = {
  sources: setting({
    name: 'BEHEST_SOURCE',
    default: './workflows.d',
    read: list,
    about:
      'Where manifests come from: a directory, or `URL#ref:directory` of a git repository. Several are separated by commas.',
  }),
  sourceIntervalMs: setting({
    name: 'BEHEST_SOURCE_INTERVAL',
    default: '1m',
    read: duration(1000),
    about: 'How often a source is looked at without being told, spread by 10 %.',
  }),
  sourceAllowEmpty: setting({
    name: 'BEHEST_SOURCE_ALLOW_EMPTY',
    default: 'false',
    read: yesOrNo,
    about: 'Lets a source without any manifest prune all that it owned.',
  }),
  gitUsername: setting({
    name: 'BEHEST_GIT_USERNAME',
    default: '',
    read: text,
    about: 'User for git over HTTPS; many hosts take any name beside a token.',
  }),
  gitPassword: setting({
    name: 'BEHEST_GIT_PASSWORD',
    default: '',
    isSecret: true,
    read: text,
    about: 'Password or token for git over HTTPS.',
  }),
  gitTimeoutMs: setting({
    name: 'BEHEST_GIT_TIMEOUT',
    default: '1m',
    read: duration(1000),
    about: 'Time limit of one call of git.',
  }),
};

const runnerSettings = {
  runnerQueues: setting({
    name: 'BEHEST_RUNNER_QUEUES',
    default: 'default',
    read: list,
    about: 'Queues whose tasks this runner takes, separated by commas.',
  }),
  runnerConcurrency: setting({
    name: 'BEHEST_RUNNER_CONCURRENCY',
    default: String(Math.max(16, availableParallelism() * 8)),
    shown: '8 for each core, at least 16',
    read: whole(1, 10_000),
    about: 'Attempts that one runner makes at a time.',
  }),
  httpAllow: setting({
    name: 'BEHEST_HTTP_ALLOW',
    default: '',
    read: list,
    about:
      'Private addresses that `http` steps may call: CIDRs, host names or host:port, separated by commas.',
  }),
  allowSubprocess: setting({
    name: 'BEHEST_ALLOW_SUBPROCESS',
    default: 'false',
    read: yesOrNo,
    about: 'Lets `code` steps ask for a plain subprocess, which is no sandbox.',
  }),
  secretsDir: setting({
    name: 'BEHEST_SECRETS_DIR',
    default: '',
    read: text,
    about:
      'Directory with one file for each secret. `BEHEST_SECRET_<NAME>` in the environment comes first.',
  }),
  llmBaseUrl: setting({
    name: 'BEHEST_LLM_BASE_URL',
    default: '',
    read: url(['https:', 'http:']),
    about: 'OpenAI-compatible endpoint of `llm` steps that name none.',
  }),
  llmApiKey: setting({
    name: 'BEHEST_LLM_API_KEY',
    default: '',
    isSecret: true,
    read: text,
    about: 'Key for that endpoint.',
  }),
  llmModel: setting({
    name: 'BEHEST_LLM_MODEL',
    default: '',
    read: text,
    about: 'Model of `llm` steps that name none.',
  }),
};

const logSettings = {
  logLevel: setting({
    name: 'LOG_LEVEL',
    default: 'info',
    read: oneOf(logLevels),
    about: 'Least important lines that are written.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    default: '',
    shown: '`pretty` on a terminal, else `json`',
    read: oneOf(['', ...logFormats]),
    about: '`json` for programs, `pretty` for people.',
  }),
};

/** The settings of the server, in the order in which they are documented. */
export const settingGroups = {
  Server: serverSettings,
  Access: accessSettings,
  Sources: sourceSettings,
  Runner: runnerSettings,
  Logs: logSettings,
};

export const settingTable = {
  ...serverSettings,
  ...accessSettings,
  ...sourceSettings,
  ...runnerSettings,
  ...logSettings,
};

export type Settings = {
  readonly [K in keyof typeof settingTable]: (typeof settingTable)[K] extends Setting<infer T>
    ? T
    : never;
};
