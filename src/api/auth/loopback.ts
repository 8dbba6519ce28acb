import { isIPv4, isIPv6 } from 'node:net';

/** Whether only programs on this machine reach this host name or address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (name === '::1' || (isIPv6(name) && name.startsWith('::ffff:127.'))) return true;
  return isIPv4(name) && name.startsWith('127.');
}

/** The host of `host:port`; brackets of an IPv6 address stay. */
export function hostName(authority: string): string {
  const match = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(authority);
  return match?.[1] ?? authority;
}
