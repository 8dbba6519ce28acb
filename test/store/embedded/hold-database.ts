// A process of its own that starts the embedded Postgres on the directory in its first argument,
// says so on stdout and stays, until it is killed or told on stdin how to end.
import { startEmbeddedPostgres } from '../../../src/store/embedded/start-embedded-postgres.ts';

const [, , dataDir = ''] = process.argv;
try {
  const server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
  process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
  process.stdin.once('data', (word) => {
    if (String(word).startsWith('stop')) void server.stop().then(() => process.exit(0));
    else process.exit(1); // Without a word to the server.
  });
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  process.exit(2);
}
