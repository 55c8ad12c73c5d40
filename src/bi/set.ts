/** What a column of a set holds. Lists and maps are flat here: items separated by `|`, and JSON as text. */
export type Kind = 'text' | 'instant' | 'date' | 'decimal' | 'double' | 'integer' | 'boolean';

export interface SetColumn {
  name: string;
  kind: Kind;
  nullable: boolean;
  /** Only for readers with the scope `personal`. */
  personal: boolean;
  description: string;
  /** The expression over the set's relation `t`. */
  sql: string;
}

/** A table as BI tools see it, whatever they ask through: OData, files, SQL, the catalogue. */
export interface BiSet {
  name: string;
  /** The word for one row. */
  one: string;
  description: string;
  /** The relation that its columns are read from. */
  relation: string;
  key: readonly string[];
  columns: readonly SetColumn[];
}
