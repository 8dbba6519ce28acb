import type { DescMethod, Message } from '@bufbuild/protobuf';
import {
  createHandlerContext,
  type ConnectRouter,
  type ContextValues,
  type Interceptor,
  type ServiceImpl,
  createServiceImplSpec,
} from '@connectrpc/connect';
import { createAsyncIterable, transformInvokeImplementation } from '@connectrpc/connect/protocol';
import type { DescService } from '@bufbuild/protobuf';

/** A service and what carries it out. */
export interface Served {
  readonly service: DescService;
  readonly spec: ServiceImplSpec;
  addTo(router: ConnectRouter): void;
}

export function serve<S extends DescService>(service: S, implementation: ServiceImpl<S>): Served {
  return {
    service,
    spec: createServiceImplSpec(service, implementation),
    addTo: (router) => void router.service(service, implementation),
  };
}

type ServiceImplSpec = ReturnType<typeof createServiceImplSpec>;

export interface Call {
  readonly rpc: DescMethod;
  readonly message: Message;
  readonly headers: Headers;
  readonly url: string;
  readonly signal: AbortSignal;
  readonly values: ContextValues;
}

export interface Invoker {
  invoke(call: Call): Invocation;
}

export interface Invocation {
  /** All messages of the answer: exactly one for a unary method. */
  readonly messages: AsyncIterable<Message>;
  /** What the method has set, once it has answered. */
  readonly headers: Headers;
}

/** Calls implementations in this process, through the same interceptors as the other protocols. */
export function createInvoker(
  served: readonly Served[],
  options: { readonly interceptors: Interceptor[]; readonly shutdownSignal: AbortSignal },
): Invoker {
  const specs = new Map(served.map(({ service, spec }) => [service.typeName, spec]));
  return {
    invoke({ rpc, message, headers, url, signal, values }) {
      const spec = specs.get(rpc.parent.typeName)?.methods[rpc.localName];
      if (spec === undefined) throw new Error(`${rpc.parent.typeName}.${rpc.name} is not served`);
      const context = createHandlerContext({
        service: rpc.parent,
        method: rpc,
        protocolName: 'rest',
        requestMethod: 'POST',
        url,
        requestHeader: headers,
        requestSignal: signal,
        shutdownSignal: options.shutdownSignal,
        contextValues: values,
      });
      const run = transformInvokeImplementation(spec, context, options.interceptors);
      const messages = run(createAsyncIterable([message]));
      return { messages, headers: context.responseHeader };
    },
  };
}
