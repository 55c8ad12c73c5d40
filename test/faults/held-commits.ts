import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import type { Connection } from '../../src/db/pool.ts';

/** What is kept back of a transaction: its COMMIT, or the answer to it. */
export type Held = 'commit' | 'answer';

interface Hold {
  marker: Buffer;
  held: Held;
  reached: () => void;
}

/** Where a server is, for a socket and as the rest of an address of `DATABASE_URL`. */
function placeOf(connection: Connection) {
  if ('url' in connection) {
    const { hostname, port, username, password, pathname } = new URL(connection.url);
    const user = password === '' ? username : `${username}:${password}`;
    return { to: { host: hostname, port: Number(port === '' ? 5432 : port) }, user, database: pathname.slice(1) };
  }
  const { host, port, user, database } = connection;
  const to = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  return { to, user, database };
}

const commit = Buffer.from('commit\0');

/**
 * A way to the database that can keep back the commit of one transaction, or what the server answers to it, for as long
 * as the client lives: the moment in which it is killed is then certain, and no matter of luck.
 */
export async function heldCommits(t: TestContext, connection: Connection) {
  const { to, user, database } = placeOf(connection);
  const holds = new Set<Hold>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(to);
    let mine: Hold | undefined;
    let silent = false;
    let tail = Buffer.alloc(0);
    client.on('data', (chunk) => {
      // What is looked for may lie across two chunks.
      let text = Buffer.concat([tail, chunk]);
      for (const hold of holds) {
        const at = text.indexOf(hold.marker);
        if (mine !== undefined || at === -1) continue;
        mine = hold;
        // The commit of the transaction before may stand in front of it.
        text = text.subarray(at);
      }
      tail = text.subarray(-200);
      if (mine === undefined || !holds.has(mine) || !text.includes(commit)) return upstream.write(chunk);
      holds.delete(mine);
      silent = true;
      if (mine.held === 'answer') return upstream.write(chunk);
      return mine.reached();
    });
    upstream.on('data', (chunk) => {
      if (!silent) client.write(chunk);
      else if (mine?.held === 'answer') mine.reached();
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    /** The address for the client. */
    url: `postgres://${user}@127.0.0.1:${port}/${database}`,
    /**
     * Keeps back the commit of the next transaction in which the client sends a text.
     * @returns when it has come so far: with `answer` it is committed then
     */
    hold: (text: string, held: Held) =>
      new Promise<void>((reached) => {
        holds.add({ marker: Buffer.from(text), held, reached });
      }),
  };
}
