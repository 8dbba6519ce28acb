/** TCP sockets of this process, by the end of a connection that they are. */
export interface OpenSockets {
  /** Ends that a server on the port holds. */
  readonly ofServer: number;
  /** Ends of its clients in this process. */
  readonly ofClients: number;
  /** All the others: the database's. */
  readonly others: number;
}

interface Endpoint {
  readonly port: number;
}

interface Handle {
  readonly type: string;
  readonly readable?: boolean;
  readonly writable?: boolean;
  readonly localEndpoint?: Endpoint | null;
  readonly remoteEndpoint?: Endpoint | null;
}

/** As libuv has them: also one that nobody reads, whose client is gone. */
export function openSockets(port: number): OpenSockets {
  // Names of hosts, which it would look up.
  Object.assign(process.report, { excludeNetwork: true });
  const { libuv } = process.report.getReport() as unknown as { libuv: readonly Handle[] };
  // A server's listening socket is neither; one whose client is gone has no remote end any more.
  const sockets = libuv.filter(
    ({ type, readable, writable }) => type === 'tcp' && (readable === true || writable === true),
  );
  const ofServer = sockets.filter(({ localEndpoint }) => localEndpoint?.port === port).length;
  const ofClients = sockets.filter(({ remoteEndpoint }) => remoteEndpoint?.port === port).length;
  return { ofServer, ofClients, others: sockets.length - ofServer - ofClients };
}
