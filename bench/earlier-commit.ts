import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A checkout of an earlier commit with today's bench in it; `remove` takes it away again. */
export async function checkOut(
  repository: string,
  commit: string,
): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'behest-earlier-'));
  const path = join(folder, 'behest');
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository });
  try {
    git('worktree', 'add', '--detach', '--quiet', path, commit);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  await symlink(join(repository, 'node_modules'), join(path, 'node_modules'));
  await rm(join(path, 'bench'), { recursive: true, force: true });
  await cp(join(repository, 'bench'), join(path, 'bench'), { recursive: true });
  await cp(join(repository, 'test/services'), join(path, 'test/services'), { recursive: true });
  const remove = async (): Promise<void> => {
    git('worktree', 'remove', '--force', path);
    await rm(folder, { recursive: true, force: true });
  };
  return { path, remove };
}
