import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Which private targets may be reached in spite of the guard. */
export interface AllowRules {
  readonly networks: readonly (readonly [Address, number])[];
  /** `host` (any port) or `host:port`, lower case. */
  readonly hosts: ReadonlySet<string>;
}

/** Where a connection goes: the host as the URL has it (IPv6 without brackets) and the port. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Rules from the operator's entries: addresses and CIDRs allow networks, everything else is
 * `host` or `host:port`. `selfUrl` allows exactly its own host and port.
 */
export function allowRules(entries: readonly string[], selfUrl: string): AllowRules {
  const networks: (readonly [Address, number])[] = [];
  const hosts = new Set<string>();
  for (const entry of entries.map((text) => text.trim().toLowerCase())) {
    if (entry === '') continue;
    const network = parseNetwork(entry);
    if (network === undefined) hosts.add(entry);
    else networks.push(network);
  }
  if (URL.canParse(selfUrl)) {
    const { host, port } = targetOf(new URL(selfUrl));
    hosts.add(hostKey(host, port));
  }
  return { networks, hosts };
}

function parseNetwork(entry: string): readonly [Address, number] | undefined {
  const bare = entry.replace(/^\[(.*)\]$/, '$1');
  if (ipaddr.isValidCIDR(bare)) return ipaddr.parseCIDR(bare);
  if (!isAddress(bare)) return undefined;
  const address = ipaddr.process(bare);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** The host and port that a URL leads to. The URL parser has made plain all odd spellings of IPv4. */
export function targetOf(url: URL): Target {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase(), port };
}

/** Whether a text is an IP address in its usual spelling. */
export function isAddress(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
}

/** Whether a connection to this target may be opened at this resolved address. */
export function mayConnect(rules: AllowRules, target: Target, address: string): boolean {
  const { host, port } = target;
  if (rules.hosts.has(host) || rules.hosts.has(hostKey(host, port))) return true;
  // A zone id (`fe80::1%eth0`) names an interface, not another address.
  const actual = carried(ipaddr.process(address.replace(/%.*$/, '')));
  if (actual.range() === 'unicast' && !isIpv4Compatible(actual)) return true;
  return rules.networks.some(
    ([network, bits]) => network.kind() === actual.kind() && actual.match(network, bits),
  );
}

function hostKey(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The IPv4 address inside a NAT64 address, which is where the connection really ends. */
function carried(address: Address): Address {
  if (address.kind() !== 'ipv6' || address.range() !== 'rfc6052') return address;
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}

/** `::a.b.c.d`, a deprecated spelling that some stacks still route to the IPv4 address. */
function isIpv4Compatible(address: Address): boolean {
  return (
    address.kind() === 'ipv6' &&
    address
      .toByteArray()
      .slice(0, 12)
      .every((byte) => byte === 0)
  );
}
