import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { NodeSettings } from '../node-type.ts';
import {
  allowRules,
  isAddress,
  mayConnect,
  type AllowRules,
  type Target,
} from './address-guard.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that the address guard refused. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';

  constructor(target: Target, addresses: readonly string[]) {
    const shown = addresses.join(', ');
    const where = shown === target.host ? target.host : `${target.host} (${shown})`;
    super(
      `${where} is a private, local or reserved address, which steps may not reach; an operator ` +
        `can allow it with BEHEST_HTTP_ALLOW=${target.host}:${target.port}`,
    );
  }
}

/** The guard's refusal behind an error of a client, however deep the client has wrapped it. */
export function refusalIn(error: unknown): RefusedAddress | undefined {
  if (error instanceof RefusedAddress) return error;
  if (!(error instanceof Error)) return undefined;
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return inner.map(refusalIn).find((cause) => cause !== undefined);
}

const agents = new WeakMap<NodeSettings, Agent>();

/**
 * The agent for these settings. It checks the address at the moment it connects, so a name that
 * resolves differently the second time, and every hop of a redirect, is checked as well.
 */
export function guardedAgent(settings: NodeSettings): Agent {
  let agent = agents.get(settings);
  if (agent === undefined) {
    agent = makeAgent(allowRules(settings.httpAllow, settings.selfUrl));
    agents.set(settings, agent);
  }
  return agent;
}

function makeAgent(rules: AllowRules): Agent {
  return new Agent({
    connect: guardedConnector(rules),
    // The attempt's own deadline ends a request; the agent adds no second clock.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function guardedConnector(rules: AllowRules): buildConnector.connector {
  return (options, callback) => {
    const target = connectTarget(options);
    // Node never looks an address literal up, so the lookup below would not see it.
    if (isAddress(target.host) && !mayConnect(rules, target, target.host)) {
      callback(new RefusedAddress(target, [target.host]), null);
      return;
    }
    const connect = buildConnector({
      timeout: CONNECT_TIMEOUT_MS,
      lookup: guardedLookup(rules, target),
    });
    connect(options, callback);
  };
}

function connectTarget(options: buildConnector.Options): Target {
  const host = options.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const port =
    options.port === '' ? (options.protocol === 'https:' ? 443 : 80) : Number(options.port);
  return { host, port };
}

/** Resolves a name and leaves only those of its addresses that may be connected to. */
function guardedLookup(rules: AllowRules, target: Target): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, []);
      const open = found.filter(({ address }) => mayConnect(rules, target, address));
      const [first] = open;
      if (first === undefined) {
        return callback(
          new RefusedAddress(
            target,
            found.map(({ address }) => address),
          ),
          [],
        );
      }
      if (options.all === true) return callback(null, open);
      return callback(null, first.address, first.family);
    });
  };
}
