/**
 * For one small machine that also runs everything else: little memory, few processes, and nothing
 * that replication or large queries would need. Durability is Postgres' own, in full.
 */
export const SERVER_SETTINGS: { readonly [name: string]: string } = {
  max_connections: '40',
  shared_buffers: '16MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  fsync: 'on',
  synchronous_commit: 'on',
  // Recovery writes less without what only a replica would read.
  wal_level: 'minimal',
  max_wal_senders: '0',
  wal_buffers: '1MB',
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  checkpoint_timeout: '15min',
  // No worker processes beside the few that every server has.
  io_method: 'sync',
  max_parallel_workers: '0',
  max_logical_replication_workers: '0',
  autovacuum_max_workers: '1',
  autovacuum_naptime: '20s',
  huge_pages: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  // Statements can hold inputs of runs; an error's own line says enough.
  log_min_error_statement: 'panic',
};

/** As arguments of the server. */
export function settingArguments(settings: { readonly [name: string]: string }): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
