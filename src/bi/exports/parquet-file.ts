import { Worker } from 'node:worker_threads';
import type { FileWriter } from './file-writer.ts';
import type { Answer, Message, Task } from './parquet-thread.ts';
import type { Chunk } from './read-rows.ts';
import type { Wanted } from './wanted.ts';

/** A thread that writes one file at a time. */
interface Thread {
  worker: Worker;
  /** Sends a message and waits for what comes of it. @throws what failed, with its code where the file system had one */
  ask(message: Message): Promise<Exclude<Answer, { failed: unknown }>>;
}

/** A thread takes a quarter of a second to start, so one that is done waits so long for another file. */
const idleMs = 60_000;
const idle = new Map<Thread, NodeJS.Timeout>();

/** Node 20 gives threads no loader, so a thread asks tsx for one before it reads its TypeScript. */
const threadSource = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL('./parquet-thread.ts', import.meta.url).href)});
})`;

function startThread(): Thread {
  const worker = new Worker(threadSource, { eval: true });
  let broken: unknown;
  let settle: ((answer: Answer) => void) | undefined;
  let fail: ((error: unknown) => void) | undefined;
  const breaks = (error: unknown) => {
    broken ??= error;
    fail?.(error);
    take(thread);
  };
  worker.on('message', (answer: Answer) => settle?.(answer));
  worker.on('error', breaks);
  worker.on('exit', () => breaks(new Error('The thread that writes Parquet ended before its work.')));
  const thread: Thread = {
    worker,
    async ask(message) {
      const answer = await new Promise<Answer>((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        settle = resolve;
        fail = reject;
        worker.postMessage(message);
      });
      if (!('failed' in answer)) return answer;
      const { code, message: told } = answer.failed;
      throw Object.assign(new Error(told), code === undefined ? {} : { code });
    },
  };
  return thread;
}

/** Takes a thread from those that wait. */
function take(thread: Thread | undefined): Thread | undefined {
  if (thread === undefined) return undefined;
  clearTimeout(idle.get(thread));
  idle.delete(thread);
  return thread;
}

/** Lets a thread wait for its next file. It keeps no process from ending. */
function putBack(thread: Thread): void {
  thread.worker.unref();
  const end = () => {
    idle.delete(thread);
    void thread.worker.terminate();
  };
  idle.set(thread, setTimeout(end, idleMs).unref());
}

/** Begins a Parquet file in a thread of its own: to encode a million rows takes seconds of a processor. */
export async function parquetFile(path: string, { columns }: Wanted): Promise<FileWriter> {
  const thread = take(idle.keys().next().value) ?? startThread();
  thread.worker.ref();
  const task: Task = { path, columns: columns.map(({ name, kind, nullable }) => ({ name, kind, nullable })) };
  let before = thread.ask({ begin: task });
  let isDone = false;
  const close = async () => {
    if (isDone) putBack(thread);
    else await thread.worker.terminate();
  };
  // Whoever writes next, or finishes, is told.
  before.catch(() => {});
  return {
    // The thread works on one chunk while the next one is read: this waits for the one before.
    async write(chunk: Chunk) {
      const { bytes } = await before;
      before = thread.ask({ chunk });
      before.catch(() => {});
      return bytes;
    },
    async finish() {
      await before;
      const { bytes, hash } = await thread.ask({ end: true });
      isDone = true;
      return { bytes, hash: hash ?? '' };
    },
    close,
  };
}
