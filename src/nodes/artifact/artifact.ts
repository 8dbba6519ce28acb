import type { NodeType } from '../node-type.ts';
import { artifactConfig } from './schema.ts';

export const artifact: NodeType = {
  type: 'artifact',
  title: 'Artifact',
  description:
    'Stores a content as a file that outlives the run and returns the reference to it ' +
    '(`{artifact, name, size, media_type}`), or fetches the content that a reference names.',
  configSchema: artifactConfig,
  runsIn: 'runner',
  timeoutMs: 60_000,
  // Loaded at first use: what only describes the type should start fast.
  execute: async (context, config) =>
    (await import('./execute.ts')).executeArtifact(context, config),
};
