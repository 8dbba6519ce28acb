import { dirname } from 'node:path';
import { stat } from 'node:fs/promises';

import type { ServerAccount } from './server-account.ts';

/** Whether the account may enter every folder above `path`, so that it can open `path` by name. */
export async function isReachable(path: string, account: ServerAccount | null): Promise<boolean> {
  if (account === null) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
