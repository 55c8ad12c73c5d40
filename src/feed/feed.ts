import type { TSchema } from 'typebox';
import type { Owner } from '../db/unit-tree.ts';

/**
 * A table as those see it who follow its changes: it has a column `changed_xid`, the number of the transaction that
 * last wrote a row.
 */
export interface Feed {
  /** The table, by whose name is known what left it. */
  name: string;
  /** The segment of the path below `/v1/changes`. */
  path: string;
  /** The operation in the contract. */
  operationId: string;
  /** How sentences name many: `revenue events`. */
  many: string;
  /** The column that identifies a row, of the type text or uuid. */
  key: string;
  /** Whose its rows are, over `t`. Undefined: nobody who is limited to units sees any. */
  owner: Owner | undefined;
  /** Whether a row may be removed, and not archived only. */
  removable: boolean;
  /** The fields of a row as it is told. */
  shown: Record<string, TSchema>;
  /** The JSON text of a row, over `t`. Personal fields are left out where the reader may not see them. */
  rowSql: (personal: boolean) => string;
}
