/**
 * `npm run bi-reader [-- name] [--new-password]`: a PostgreSQL role that reads the views of the schema bi, for BI
 * tools.
 */
import { parseArgs } from 'node:util';
import closeWithGrace from 'close-with-grace';
import { makeReader } from './bi/views/reader-role.ts';
import { readConfig } from './config.ts';
import type { Connection } from './db/pool.ts';
import { openExisting } from './start.ts';

/** The address that a reader connects to, as this machine reaches the server. */
function addressOf(connection: Connection, role: string, password: string | null): string {
  if (!('url' in connection)) {
    const { host, port, database } = connection;
    return `postgresql://${role}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
  }
  const address = new URL(connection.url);
  // SQLAlchemy takes no other name of it.
  address.protocol = 'postgresql:';
  address.username = role;
  address.password = password ?? 'PASSWORD';
  return address.href;
}

let close = async () => {};
const { uninstall } = closeWithGrace({ delay: 20_000 }, () => close());

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'new-password': { type: 'boolean', default: false } },
  });
  const [role = 'bi_reader'] = positionals;
  const opened = await openExisting(readConfig(process.env), console.error);
  close = opened.close;
  const isEmbedded = !('url' in opened.connection);
  const made = await makeReader(opened.db, {
    role,
    password: isEmbedded ? 'none' : values['new-password'] ? 'new' : 'first',
  });
  console.log(`The role ${role} ${made.created ? 'is made' : 'was there'}: it may read the views of the schema bi.`);
  console.log(addressOf(opened.connection, role, made.password));
  if (made.password !== null) console.log('The password is shown this once; --new-password makes another.');
  else if (!isEmbedded) console.log('Its password stays as it was; --new-password makes another.');
  if (isEmbedded)
    console.log(
      'The embedded PostgreSQL has no open port: only programs on this machine reach it, as the user who runs the service and while it runs. For others set DATABASE_URL to a server of yours, or let them use OData or files.',
    );
  if (!made.limited) console.log(`Somebody else made the role: its limits and its password are theirs to set.`);
  if (made.also.length > 0)
    console.log(`Careful: somebody granted it, or everybody, rights to ${made.also.join(', ')} as well.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  uninstall();
  await close();
}
