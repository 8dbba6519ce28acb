import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { ArtifactService } from '../../gen/behest/v1/artifact_service_pb.ts';
import { HttpBodySchema } from '../../gen/google/api/httpbody_pb.ts';
import type { ApiContext } from '../api-context.ts';
import { notFound } from '../fault.ts';
import { pieceOf } from './piece.ts';

export function createArtifactService(api: ApiContext): ServiceImpl<typeof ArtifactService> {
  return {
    async getArtifact({ digest, name, mediaType, ...piece }, context) {
      const data = await api.library.getBlob(digest);
      if (data === null) {
        const remedy = 'The `artifact` of a reference in an input or an output names one.';
        throw notFound(`Artifact ${digest}`, remedy);
      }
      const headers = context.responseHeader;
      headers.set('content-disposition', attachment(name === '' ? digest : name));
      headers.set('etag', `"${digest}"`);
      // The same digest is the same content for ever; who may see it is another matter.
      headers.set('cache-control', 'private, max-age=31536000, immutable');
      const contentType = mediaType === '' ? 'application/octet-stream' : mediaType;
      return create(HttpBodySchema, { contentType, data: pieceOf(data, piece) });
    },
  };
}

/** To be saved, never shown: a stored page must not run as one of ours. */
function attachment(name: string): string {
  const base = name.replaceAll(/\p{Cc}/gu, '').replace(/^.*[/\\]/s, '');
  const plain = base.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(base.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
