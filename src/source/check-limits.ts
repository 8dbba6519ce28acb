import type { SourceLimits } from './source.ts';
import { SourceError } from './source-error.ts';

export interface SizedFile {
  readonly path: string;
  readonly size: number;
}

/** Throws a SourceError when a source holds more than we are ready to read. */
export function checkLimits(
  location: string,
  files: readonly SizedFile[],
  limits: SourceLimits,
): void {
  if (files.length > limits.files) {
    throw overLimit(location, `holds ${files.length} files, more than ${limits.files}`);
  }
  const large = files.find((file) => file.size > limits.fileBytes);
  if (large !== undefined) {
    throw overLimit(
      location,
      `${large.path} has ${large.size} bytes, more than ${limits.fileBytes}`,
    );
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > limits.totalBytes) {
    throw overLimit(location, `holds ${total} bytes, more than ${limits.totalBytes}`);
  }
}

/** `message` says of the source what there is too much of. */
export function overLimit(location: string, message: string): SourceError {
  return new SourceError('limit', {
    message: `${location}: ${message}`,
    remedy: 'Leave files out with a .behestignore, or name a narrower directory',
  });
}
