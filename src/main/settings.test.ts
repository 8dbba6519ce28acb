import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { loadEnvironment } from './load-environment.ts';
import { type Environment, SettingsError, readSettings } from './read-settings.ts';
import { settingsPage } from './settings-page.ts';

const key = 'k'.repeat(32);

function problemsOf(environment: Environment): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('settings', () => {
  it('nothing set → the documented defaults', () => {
    const { settings, warnings } = readSettings({ PATH: '/bin' });
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir: '.behest',
      databaseUrl: '',
      sources: ['./workflows.d'],
      sourceIntervalMs: 60_000,
      jwtAlgorithm: 'HS256',
      allowSubprocess: false,
      bodyLimitBytes: 4 * 1024 * 1024,
      logLevel: 'info',
    });
    expect(warnings).toEqual([]);
  });

  it.each<[Environment, object]>([
    [{ PORT: '0' }, { port: 0 }],
    [{ PORT: ' 9000 ' }, { port: 9000 }],
    [{ PORT: '' }, { port: 8080 }],
    [{ BEHEST_SOURCE: 'a, https://h/r.git#main' }, { sources: ['a', 'https://h/r.git#main'] }],
    [{ BEHEST_SOURCE_INTERVAL: '1m30s' }, { sourceIntervalMs: 90_000 }],
    [{ BEHEST_ALLOW_SUBPROCESS: 'Yes' }, { allowSubprocess: true }],
    [{ BEHEST_HTTP_ALLOW: '10.0.0.0/8,h:80' }, { httpAllow: ['10.0.0.0/8', 'h:80'] }],
    [{ BEHEST_BODY_LIMIT: '512KiB' }, { bodyLimitBytes: 524_288 }],
    [{ NATS_URL: 'nats://a:4222,nats://b:4222' }, { natsUrl: 'nats://a:4222,nats://b:4222' }],
    [{ JWKS_URL: 'https://i/k', JWT_ALGORITHM: 'ES256' }, { jwtAlgorithm: 'ES256' }],
    [{ JWT_SECRET: key }, { jwtSecret: key }],
  ])('%j → %j', (environment, expected) => {
    expect(readSettings(environment).settings).toMatchObject(expected);
  });

  it.each<[Environment, RegExp]>([
    [{ PORT: 'abc' }, /^PORT=abc: expected a whole number from 0 to 65535\.$/],
    [{ PORT: '65536' }, /^PORT=65536/],
    [{ PORT: '-1' }, /^PORT=-1/],
    [{ PORT: '80.5' }, /^PORT=80\.5/],
    [{ LOG_LEVEL: 'inof' }, /expected one of debug, info.*info/],
    [{ LOG_FORMAT: 'xml' }, /^LOG_FORMAT/],
    [{ DATABASE_URL: 'mysql://u:hunter2@h/d' }, /^DATABASE_URL=…: expected a URL that starts with/],
    [{ NATS_URL: 'nats://a:1,localhost:2' }, /^NATS_URL/],
    [{ JWT_SECRET: 'short' }, /^JWT_SECRET=…: expected at least 32 bytes/],
    [{ JWT_ALGORITHM: 'none' }, /^JWT_ALGORITHM=none/],
    [{ JWT_SECRET: key, JWT_ALGORITHM: 'RS256' }, /JWT_SECRET signs HS256/],
    [{ JWKS_URL: 'https://i/k' }, /JWKS_URL has public keys/],
    [{ JWT_SECRET: key, JWKS_URL: 'https://i/k' }, /both set/],
    [{ TLS_CERT: 'cert.pem' }, /TLS_CERT and TLS_KEY belong together/],
    [{ BEHEST_SOURCE_INTERVAL: '5' }, /expected a duration/],
    [{ BEHEST_SOURCE_INTERVAL: '10ms' }, /at least 1000 ms/],
    [{ BEHEST_ALLOW_SUBPROCESS: 'maybe' }, /expected true or false/],
    [{ BEHEST_BODY_LIMIT: '10MB' }, /expected a size/],
    [{ BEHEST_RUNNER_CONCURRENCY: '0' }, /from 1 to/],
    [{ BEHEST_SOURCE: ' , ' }, /names no source/],
  ])('%j → refused', (environment, expected) => {
    const problems = problemsOf(environment);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
    expect(problems[0]).not.toContain('hunter2');
  });

  it('several mistakes → all of them at once', () => {
    expect(problemsOf({ PORT: 'x', LOG_LEVEL: 'y', JWT_SECRET: 'z' })).toHaveLength(3);
  });

  it('a name that is not ours → a warning with the one that is meant', () => {
    const environment = { BEHEST_SORUCE: 'x', BEHEST_SECRET_API_KEY: 'x', BEHEST_TOKEN: 'x' };
    const { warnings } = readSettings(environment);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^BEHEST_SORUCE is not a setting.*BEHEST_SOURCE/);
  });
});

describe('.env', () => {
  it('adds what the environment does not say', () => {
    const directory = mkdtempSync(join(tmpdir(), 'behest-env-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, '.env');
    writeFileSync(path, '# ours\nPORT=1\nHOST="::1"\n');
    expect(loadEnvironment({ PORT: '2', A: undefined }, path)).toEqual({ PORT: '2', HOST: '::1' });
    expect(loadEnvironment({ PORT: '2' }, join(directory, 'none'))).toEqual({ PORT: '2' });
  });
});

it('docs/operations/settings.md → is what the table says', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../../docs/operations/settings.md');
});
