import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Authenticator } from './auth/authenticator.ts';
import type { PlainEndpoint } from './plain-endpoints.ts';

/** What the API tells of itself and serves at `/metrics`; telemetry implements it. */
export interface ApiMeter {
  readonly contentType: string;
  /** The text of `/metrics`. */
  read(): Promise<string>;
  /** `code` is a gRPC status in lower case: `ok`, `not_found`. A stream has been answered once it began. */
  answered(rpc: string, code: string, tookMs: number): void;
}

/** `/metrics` in the text format of Prometheus, for viewers. On loopback no token is asked for. */
export function metricsEndpoint(
  meter: Pick<ApiMeter, 'contentType' | 'read'>,
  access: { readonly isLocal: boolean; readonly authenticator: Authenticator },
): PlainEndpoint {
  return async (request, response) => {
    const header = request.headers.authorization;
    const { role } = await access.authenticator.authenticate(
      new Headers(header === undefined ? {} : { authorization: header }),
    );
    if (role === null && !access.isLocal) {
      throw new ConnectError(
        '/metrics needs the role viewer: send a token as "Authorization: Bearer <token>".',
        Code.Unauthenticated,
      );
    }
    const text = await meter.read();
    response.writeHead(200, { 'content-type': meter.contentType, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
}

/** Counts and times every call of every protocol. */
export function createMeterInterceptor(meter: Pick<ApiMeter, 'answered'>): Interceptor {
  return (next) => async (request) => {
    const began = performance.now();
    const tell = (code: string): void =>
      meter.answered(request.method.name, code, performance.now() - began);
    try {
      const response = await next(request);
      tell('ok');
      return response;
    } catch (error) {
      tell(nameOf(ConnectError.from(error).code));
      throw error;
    }
  };
}

/** `NotFound` → `not_found`. */
function nameOf(code: Code): string {
  return Code[code].replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
