import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The token of embedded mode, in `<data dir>/token`: made once, readable by its owner only. */
export async function localToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'token');
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(path, `bht_${randomBytes(24).toString('base64url')}\n`, {
      flag: 'wx',
      mode: 0o600,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await chmod(path, 0o600);
  }
  return (await readFile(path, 'utf8')).trim();
}
