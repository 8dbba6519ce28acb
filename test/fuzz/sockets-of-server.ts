interface Handle {
  readonly type: string;
  readonly readable?: boolean;
  readonly writable?: boolean;
  readonly localEndpoint?: { readonly port: number } | null;
}

/**
 * How many connections a server on this port, in this process, holds: as libuv has them, so also
 * those that nobody reads, whose clients are gone.
 */
export function socketsOfServer(port: number): number {
  // Names of hosts, which it would look up.
  Object.assign(process.report, { excludeNetwork: true });
  const { libuv } = process.report.getReport() as unknown as { libuv: readonly Handle[] };
  const isOpen = ({ type, readable, writable, localEndpoint }: Handle): boolean =>
    // The listening socket can be neither read nor written.
    type === 'tcp' && (readable === true || writable === true) && localEndpoint?.port === port;
  return libuv.filter(isOpen).length;
}
