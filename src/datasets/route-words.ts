import type { Dataset } from './declare.ts';

/** What one row of a dataset is called in sentences: `revenue_event` becomes `revenue event`. */
export const titled = (dataset: Dataset) => dataset.one.replaceAll('_', ' ');

/**
 * What sending a dataset is to keys that are limited to units: they send what is of units. The units themselves say
 * what such a key sees, and surveys and rates are everybody's, so those it only reads.
 */
export const unitsOfSending = ({ columns, customer }: Dataset) =>
  columns.unit === undefined && customer === undefined ? {} : ({ units: 'own' } as const);
