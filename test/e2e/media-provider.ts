import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

interface Call {
  readonly path: string;
  readonly authorization: string;
  readonly idempotencyKey: string;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * A stand-in for a media provider on this machine. It speaks the three calls that
 * workflows.d/img-edit-to-video/README.md documents, and refuses with 429 what is over its quota.
 */
export class MediaProvider {
  /** Every call, in the order of arrival; also those that were refused. */
  readonly calls: Call[] = [];
  /** How many more videos it makes before it answers 429. */
  videoQuota = Infinity;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** On loopback; port 0 takes a free one. */
  static async start(port = 0): Promise<MediaProvider> {
    const provider = new MediaProvider();
    await new Promise<void>((done) => provider.#server.listen(port, '127.0.0.1', done));
    return provider;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  count(path: string): number {
    return this.calls.filter((call) => call.path === path).length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = {
      path: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
      body: await buffer(request),
    };
    this.calls.push(call);
    const { status, body } = request.method === 'POST' ? this.#answer(call) : NOT_FOUND;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #answer({ path, authorization, body }: Call): Answer {
    if (!/^Bearer \S+$/.test(authorization)) return { status: 401, body: { error: 'No key' } };
    switch (path) {
      case '/v1/images':
        return { status: 201, body: { image_url: `${this.url}/images/${body.length}.jpg` } };
      case '/v1/edits': {
        const { image_url: image } = JSON.parse(body.toString()) as { image_url: string };
        return { status: 200, body: { edited_image_url: `${image}?edited` } };
      }
      case '/v1/videos':
        if (this.videoQuota < 1) return { status: 429, body: { error: 'Quota exceeded' } };
        this.videoQuota -= 1;
        return { status: 200, body: { video_url: `${this.url}/videos/1.mp4` } };
      default:
        return NOT_FOUND;
    }
  }
}

const NOT_FOUND: Answer = { status: 404, body: { error: 'Not found' } };

if (import.meta.main) {
  const provider = await MediaProvider.start(Number(process.argv[2] ?? 9099));
  console.log(`A media provider answers at ${provider.url}`);
}
