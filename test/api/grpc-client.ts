import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type Client,
  type ServiceError,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { TOKEN } from './api-rig.ts';

const root = join(import.meta.dirname, '../..');

/** Where a stranger finds the protos: ours, and those that they import. */
const includeDirs = [
  'proto',
  'proto/third_party',
  'node_modules/google-proto-files',
  'node_modules/grpc-health-check/proto',
  'node_modules/@grpc/reflection/build/proto',
].map((path) => join(root, path));

type Method = (
  ...args: unknown[]
) => AsyncIterable<unknown> & { write(message: unknown): void; end(): void };

/** A client of grpc-js, made from the .proto files and not from our generated code. */
export async function grpcClient(
  address: string,
  { file, service }: { readonly file: string; readonly service: string },
): Promise<Client & Record<string, Method>> {
  const definition = await load(file, {
    includeDirs,
    keepCase: true,
    enums: String,
    longs: Number,
    oneofs: true,
  });
  let found: unknown = loadPackageDefinition(definition);
  for (const part of service.split('.')) found = (found as Record<string, unknown>)[part];
  const Constructor = found as new (
    address: string,
    credentials: unknown,
  ) => Client & Record<string, Method>;
  return new Constructor(address, credentials.createInsecure());
}

export function signedIn(): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${TOKEN}`);
  return metadata;
}

/** One unary call. */
export function unary<T>(
  client: Client & Record<string, Method>,
  method: string,
  request: unknown,
  metadata = signedIn(),
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const done = (error: ServiceError | null, answer: T): void =>
    error ? reject(error) : resolve(answer);
  client[method]!(request, metadata, done);
  return promise;
}
