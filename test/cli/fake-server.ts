import { createServer } from 'node:http';

import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { onTestFinished } from 'vitest';

/** A server that answers these RPCs, gone after the test; gives its URL and the tokens it saw. */
export async function fakeServer(
  routes: (router: ConnectRouter) => void,
): Promise<{ readonly url: string; readonly tokens: (string | undefined)[] }> {
  const tokens: (string | undefined)[] = [];
  const handle = connectNodeAdapter({ routes });
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, tokens };
}
