import { randomUUID } from 'node:crypto';
import type { ServiceImpl } from '@connectrpc/connect';
import type { SourceService } from '../../gen/behest/v1/source_service_pb.ts';
import type { Source } from '../../gen/behest/v1/source_pb.ts';
import type { SourceRecord } from '../../record/source.ts';
import type { ApiContext } from '../api-context.ts';
import { toEvent, toSource } from '../convert/source.ts';
import { notFound } from '../fault.ts';

const DEFAULT_EVENTS = 100;

export function createSourceService(api: ApiContext): ServiceImpl<typeof SourceService> {
  const { library, signals } = api;
  const reconcile = async (name: string): Promise<Source> => {
    const source = found(name, await library.requestReconcile(name, randomUUID()));
    signals.reconcile(name);
    return source;
  };
  return {
    async listSources() {
      return { sources: (await library.listSources()).map(toSource) };
    },
    async getSource({ name }) {
      return found(name, await library.getSource(name));
    },
    async reconcileSource({ name }) {
      return reconcile(name);
    },
    async suspendSource({ name }) {
      return found(name, await library.setSuspended(name, true));
    },
    async resumeSource({ name }) {
      found(name, await library.setSuspended(name, false));
      return reconcile(name);
    },
    async listEvents({ kind, name, namespace, pageSize }) {
      const events = await library.listEvents({
        ...(kind === '' ? {} : { kind }),
        ...(name === '' ? {} : { name }),
        ...(namespace === '' ? {} : { namespace }),
        limit: pageSize === 0 ? DEFAULT_EVENTS : pageSize,
      });
      return { events: events.map(toEvent) };
    },
  };
}

function found(name: string, source: SourceRecord | null): Source {
  if (source !== null) return toSource(source);
  throw notFound(`Source ${JSON.stringify(name)}`, '`behest get sources` lists those that do.');
}
