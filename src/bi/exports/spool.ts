import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../db/pool.ts';
import { ApiError, tooManyRequests, unavailable } from '../../errors.ts';
import { type Built, build } from './build.ts';
import { hasChanged } from './has-changed.ts';
import type { Wanted } from './wanted.ts';

/** How many files are made at a time: each holds a connection, and the rest of the service needs some too. */
const mostBuilds = { of_key: 2, of_process: 4 };
const retryAfterSeconds = 5;
/** A file is kept so long after it was last asked for. */
const keptMs = 10 * 60_000;
/** GET gets what HEAD described, though rows have changed since, when it comes this soon. */
const promisedMs = 60_000;
/** What nobody has touched for so long was left behind by a process that is gone. */
const leftBehindMs = 60 * 60_000;
const cleanEveryMs = 60_000;

/** Whoever asks for a file. */
export interface Asker {
  key_id: string;
  /** Says that the client has gone. */
  gone: AbortSignal;
  method: string;
  /** Of the request's headers, what tells that it goes on with a file it has a part of. */
  range: string | undefined;
  if_range: string | undefined;
}

/** A file of the spool, from the moment on that somebody asks for it. */
interface Entry {
  identity: string;
  key_id: string;
  built: Promise<Built>;
  snapshot: Promise<string>;
  /** Null while it is made. */
  file: Built | null;
  waiting: number;
  give_up: AbortController;
  last_used: number;
  /** Until when each key gets it by GET, because HEAD described it. */
  promised: Map<string, number>;
}

interface Spool {
  /**
   * The file of what is wanted: one that is there, or is being made, when its rows are still the same, else a new one.
   * A request that goes on with a part gets the file that the part is of, as long as that is kept.
   * @throws ApiError 429 or 503 when too many are being made; what `build` throws
   */
  obtain(wanted: Wanted, asker: Asker): Promise<{ file: Built; handle: FileHandle }>;
  /** Removes files that nobody asked for lately, and what processes left behind that are gone. */
  clean(): Promise<void>;
  /** Gives up what is being made and removes every file. */
  close(): Promise<void>;
}

const isOurs = (name: string) => /^[0-9a-f-]{36}\.(csv|ndjson|parquet)$/.test(name);
const clientHasGone = () => new ApiError(499, 'client_gone', 'The client broke off.');

/** What makes two files the same but for the moment at which they were made. */
const identityOf = ({ set, format, dialect, columns, conditions, parameters }: Wanted) =>
  JSON.stringify([set.name, format, dialect, columns.map(({ name }) => name), conditions, parameters]);

/** Opens a folder in which exports are made and kept for a while. Several processes may share it. */
export function openSpool(
  db: Database,
  { folder, max_bytes, kept_ms = keptMs }: { folder: string; max_bytes: number; kept_ms?: number },
): Spool {
  const entries = new Set<Entry>();

  /** Those of a file, the newest first. */
  const entriesOf = (identity: string) => [...entries].filter((one) => one.identity === identity).reverse();

  function refuseTooMany(key_id: string): void {
    const building = [...entries].filter(({ file }) => file === null);
    if (building.filter((one) => one.key_id === key_id).length >= mostBuilds.of_key)
      throw tooManyRequests(
        `${mostBuilds.of_key} exports are being made for this API key already. Ask again when one of them is done.`,
        retryAfterSeconds,
      );
    if (building.length >= mostBuilds.of_process)
      throw unavailable(
        'exports_busy',
        'As many exports are being made as may be at a time. Try again shortly.',
        retryAfterSeconds,
      );
  }

  function begin(wanted: Wanted, identity: string, key_id: string): Entry {
    refuseTooMany(key_id);
    const give_up = new AbortController();
    const path = join(folder, `${randomUUID()}.${wanted.format}`);
    let sees: (snapshot: string) => void = () => {};
    const snapshot = new Promise<string>((resolve) => {
      sees = resolve;
    });
    const built = build(db, wanted, { path, max_bytes, signal: give_up.signal, sees });
    const entry: Entry = {
      ...{ identity, key_id, built, snapshot, give_up },
      file: null,
      waiting: 0,
      last_used: Date.now(),
      promised: new Map(),
    };
    entries.add(entry);
    built.then(
      (file) => {
        entry.file = file;
        void makeRoom();
      },
      () => {
        // Nobody may wait for it any more; whoever compares snapshots learns that there is none.
        sees('');
        entries.delete(entry);
      },
    );
    return entry;
  }

  /** The file that a request goes on with: by its tag, or, where the client names none, the latest. */
  function continued(identity: string, { method, range, if_range }: Asker): Entry | undefined {
    if (method !== 'GET' || range === undefined) return undefined;
    const done = entriesOf(identity).filter(({ file }) => file !== null);
    if (if_range !== undefined) return done.find(({ file }) => file?.etag === if_range);
    return done.find(({ file }) => file !== null && Date.now() - file.built_at.getTime() < kept_ms);
  }

  const promisedTo = (identity: string, { method, key_id }: Asker) =>
    method === 'GET' ? entriesOf(identity).find(({ promised }) => (promised.get(key_id) ?? 0) > Date.now()) : undefined;

  async function current(wanted: Wanted, identity: string, key_id: string): Promise<Entry> {
    for (;;) {
      const [newest] = entriesOf(identity);
      if (newest === undefined) return begin(wanted, identity, key_id);
      // Whoever compares has an interest in it already.
      newest.waiting += 1;
      const changed = await newest.snapshot
        .then((snapshot) => snapshot === '' || db.read((client) => hasChanged(client, wanted, snapshot)))
        .finally(() => leave(newest));
      if (!changed && entries.has(newest)) return newest;
      if (entriesOf(identity)[0] === newest) return begin(wanted, identity, key_id);
    }
  }

  /** Somebody waits for a file no longer. When nobody does any more, what is not there yet is given up. */
  function leave(entry: Entry): void {
    entry.waiting -= 1;
    entry.last_used = Date.now();
    if (entry.waiting > 0 || entry.file !== null) return;
    // In the same turn, whoever compared may become one who waits.
    setImmediate(() => {
      if (entry.waiting > 0 || entry.file !== null || !entries.delete(entry)) return;
      // Nobody may join what is being given up.
      entry.give_up.abort(clientHasGone());
    });
  }

  /** Waits for a file as long as the client does. */
  async function wait(entry: Entry, gone: AbortSignal): Promise<Built> {
    entry.waiting += 1;
    let goAway: () => void = () => {};
    const left = new Promise<never>((_, reject) => {
      goAway = () => reject(clientHasGone());
      if (gone.aborted) goAway();
      else gone.addEventListener('abort', goAway, { once: true });
    });
    try {
      return await Promise.race([entry.built, left]);
    } finally {
      gone.removeEventListener('abort', goAway);
      leave(entry);
    }
  }

  async function remove(entry: Entry): Promise<void> {
    entries.delete(entry);
    if (entry.file !== null) await rm(entry.file.path, { force: true }).catch(() => {});
  }

  /** Keeps at most twice the size that one file may have: the longest unused ones go first. */
  async function makeRoom(): Promise<void> {
    const done = [...entries].filter(({ file }) => file !== null).sort((one, other) => one.last_used - other.last_used);
    let bytes = done.reduce((sum, { file }) => sum + (file?.bytes ?? 0), 0);
    for (const entry of done) {
      if (bytes <= 2 * max_bytes) return;
      if (entry.waiting > 0) continue;
      bytes -= entry.file?.bytes ?? 0;
      await remove(entry);
    }
  }

  async function clean(): Promise<void> {
    const now = Date.now();
    for (const entry of entries)
      if (entry.file !== null && entry.waiting === 0 && now - entry.last_used >= kept_ms) await remove(entry);
    const names = await readdir(folder).catch(() => []);
    const ours = new Set([...entries].map(({ file }) => file?.path));
    for (const path of names.filter(isOurs).map((name) => join(folder, name))) {
      const found = ours.has(path) ? undefined : await stat(path).catch(() => undefined);
      if (found && now - found.mtimeMs > leftBehindMs) await rm(path, { force: true }).catch(() => {});
    }
  }

  const timer = setInterval(() => void clean(), cleanEveryMs).unref();
  void clean();

  return {
    async obtain(wanted, asker) {
      const identity = identityOf(wanted);
      for (;;) {
        const entry =
          continued(identity, asker) ?? promisedTo(identity, asker) ?? (await current(wanted, identity, asker.key_id));
        const file = await wait(entry, asker.gone);
        const handle = await open(file.path).catch(() => undefined);
        if (handle === undefined) {
          // Somebody removed it: it is made again.
          entries.delete(entry);
          continue;
        }
        if (asker.method === 'HEAD') entry.promised.set(asker.key_id, Date.now() + promisedMs);
        else entry.promised.delete(asker.key_id);
        // Another process that shares the folder sees by the time that it is in use.
        await utimes(file.path, new Date(), new Date()).catch(() => {});
        return { file, handle };
      }
    },
    clean,
    async close() {
      clearInterval(timer);
      const all = [...entries];
      for (const { give_up } of all) give_up.abort(unavailable('stopping', 'The service is stopping. Try again.'));
      await Promise.allSettled(all.map(({ built }) => built));
      await Promise.all(all.map(remove));
    },
  };
}
