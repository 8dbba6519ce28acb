import { spawnSync } from 'node:child_process';

/** No network at all, by the kernel. */
const WITHOUT_NETWORK = ['unshare', '--user', '--map-current-user', '--net'];
/** Ends with the runner, even when the runner is killed and the code is in an endless loop. */
const DIES_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL'];

/** Best first. */
const WRAPPERS: readonly (readonly string[])[] = [
  [...WITHOUT_NETWORK, ...DIES_WITH_PARENT],
  DIES_WITH_PARENT,
  WITHOUT_NETWORK,
];

let chosen: readonly string[] | undefined;

/**
 * The command that a sandbox process is started through, so that the kernel confines it, too:
 * what this machine has and permits of util-linux's tools, found out once; empty elsewhere.
 */
export function confinement(): readonly string[] {
  chosen ??= process.platform === 'linux' ? (WRAPPERS.find(isPermitted) ?? []) : [];
  return chosen;
}

function isPermitted([program = '', ...options]: readonly string[]): boolean {
  return spawnSync(program, [...options, 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
}
