import type { Chunk } from './read-rows.ts';

/** A file that is being written. */
export interface FileWriter {
  /** Takes rows. @returns how many bytes the file has so far, by what is known */
  write(chunk: Chunk): Promise<number>;
  /** Completes the file. @returns its size and the hash of all of its bytes */
  finish(): Promise<{ bytes: number; hash: string }>;
  /** Lets go of what it holds, whatever became of the file. */
  close(): Promise<void>;
}
