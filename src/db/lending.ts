interface Waiter<T> {
  resolve(item: T): void;
  reject(error: unknown): void;
}

/** What is lent to one borrower at a time. */
interface Lendable {
  readonly lost: unknown;
  end(): Promise<void>;
}

/**
 * Lends at most `max` things, opened when asked for, to one borrower each; others wait in line for `wait_ms`. A thing
 * that was lost leaves by `remove`, and the next in line gets a new one.
 * `refusal(allLent)` makes the error for a borrower whose time in line is over, or who comes after `close`.
 */
export function lending<T extends Lendable>(options: {
  open: () => Promise<T>;
  max: number;
  wait_ms: number;
  refusal: (allLent: boolean) => Error;
}) {
  const items = new Set<T>();
  const idle: T[] = [];
  const waiters: Waiter<T>[] = [];
  let opening = 0;
  let closing: Promise<void> | undefined;
  let whenAllBack: (() => void) | undefined;

  function openForWaiters(): void {
    while (opening < waiters.length && items.size + opening < options.max) {
      opening += 1;
      options.open().then(
        (item) => {
          opening -= 1;
          items.add(item);
          giveBack(item);
        },
        (error) => {
          opening -= 1;
          waiters.shift()?.reject(error);
          openForWaiters();
        },
      );
    }
  }

  function giveBack(item: T): void {
    if (item.lost !== undefined) remove(item);
    else if (closing !== undefined) retire(item);
    else {
      const waiter = waiters.shift();
      if (waiter) waiter.resolve(item);
      else idle.push(item);
    }
  }

  function remove(item: T): void {
    items.delete(item);
    const index = idle.indexOf(item);
    if (index >= 0) idle.splice(index, 1);
    if (items.size === 0) whenAllBack?.();
    openForWaiters();
  }

  function retire(item: T): void {
    remove(item);
    void item.end();
  }

  async function endAll(limit_ms: number): Promise<void> {
    for (const waiter of waiters.splice(0)) waiter.reject(options.refusal(false));
    const ended = idle.splice(0).map((item) => {
      items.delete(item);
      return item.end();
    });
    if (items.size > 0) {
      const timer = setTimeout(() => whenAllBack?.(), limit_ms);
      await new Promise<void>((resolve) => {
        whenAllBack = resolve;
      });
      clearTimeout(timer);
    }
    await Promise.all([...ended, ...[...items].map((item) => item.end())]);
    items.clear();
  }

  function wait(): Promise<T> {
    return new Promise((resolve, reject) => {
      if (closing !== undefined) return reject(options.refusal(false));
      const timer = setTimeout(() => {
        waiters.splice(waiters.indexOf(waiter), 1);
        reject(options.refusal(items.size === options.max));
      }, options.wait_ms);
      const waiter: Waiter<T> = {
        resolve(item) {
          clearTimeout(timer);
          resolve(item);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      waiters.push(waiter);
      openForWaiters();
    });
  }

  return {
    /** An idle thing at once, else a promise of one. */
    take: (): T | Promise<T> => (closing === undefined ? idle.pop() : undefined) ?? wait(),
    /** Back from its borrower, to be lent again. */
    giveBack,
    /** No longer there: it was lost. */
    remove,
    /** Back from its borrower, but not to be lent again. */
    retire,
    stats: () => ({ size: items.size, busy: items.size - idle.length, waiting: waiters.length }),
    /** Refuses new borrowers, waits up to `limit_ms` for the things that are lent, and ends all. */
    close: (limit_ms: number): Promise<void> => {
      closing ??= endAll(limit_ms);
      return closing;
    },
  };
}
