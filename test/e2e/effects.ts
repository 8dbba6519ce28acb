import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** One call that a step made to the world outside. */
export interface Effect {
  readonly run: string;
  readonly step: string;
  readonly idempotencyKey: string;
  /** What `life` was when it came; a test raises it with every kill. */
  readonly life: number;
  readonly at: number;
  /** Null while it is held, and for ever when the caller died. */
  answeredAt: number | null;
  /** When the caller hung up before it had its answer. */
  abandonedAt: number | null;
}

/** The world outside: it writes down every call, and survives whatever happens to the callers. */
export class Effects {
  readonly all: Effect[] = [];
  life = 0;
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();
  /** How long an answer takes, ms. */
  latencyMs = 30;
  /** Called with each effect, before it is answered. */
  onEffect: (effect: Effect) => void = () => undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<Effects> {
    const effects = new Effects();
    await new Promise<void>((done) => effects.#server.listen(0, '127.0.0.1', done));
    return effects;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { run, step } = (await json(request)) as { run: string; step: string };
    const effect: Effect = {
      run,
      step,
      life: this.life,
      at: Date.now(),
      answeredAt: null,
      abandonedAt: null,
      idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
    };
    this.all.push(effect);
    response.once('close', () => {
      if (effect.answeredAt === null) effect.abandonedAt = Date.now();
    });
    this.onEffect(effect);
    await this.gate;
    await new Promise((done) => setTimeout(done, this.latencyMs));
    if (response.destroyed) return;
    effect.answeredAt = Date.now();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
}

/** A chain of `http` steps, each of which calls the world outside. */
export function effectWorkflow(name: string, url: string, steps: readonly string[]): string {
  return [
    'apiVersion: behest.dev/v1',
    'kind: Workflow',
    `metadata: { name: ${name} }`,
    'spec:',
    '  steps:',
    ...steps.flatMap((step) => [
      `    - id: ${step}`,
      '      type: http',
      `      config: { method: POST, url: "${url}", body: { run: "{{ run.id }}", step: ${step} } }`,
    ]),
    '',
  ].join('\n');
}
