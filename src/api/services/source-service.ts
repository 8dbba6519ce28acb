import { randomUUID } from 'node:crypto';
import type { ServiceImpl } from '@connectrpc/connect';
import type { SourceService } from '../../gen/behest/v1/source_service_pb.ts';
import type { Source } from '../../gen/behest/v1/source_pb.ts';
import type { SourceRecord } from '../../record/source.ts';
import { MAX_DATA_BYTES } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import { toSource } from '../convert/source.ts';
import { notFound } from '../fault.ts';
import { listEvents } from './list-events.ts';

export function createSourceService(api: ApiContext): ServiceImpl<typeof SourceService> {
  const { library, signals } = api;
  const reconcile = async (name: string): Promise<Source> => {
    const source = found(name, await library.requestReconcile(name, randomUUID()));
    signals.reconcile(name);
    return source;
  };
  return {
    async listSources() {
      const sources = await library.listSources();
      // Each has its share, so that none is left out.
      const room = MAX_DATA_BYTES / Math.max(1, sources.length);
      return { sources: sources.map((source) => toSource(source, room)) };
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
    listEvents: (request) => listEvents(library, request),
  };
}

function found(name: string, source: SourceRecord | null): Source {
  if (source !== null) return toSource(source);
  throw notFound(`Source ${JSON.stringify(name)}`, '`behest get sources` lists those that do.');
}
