import { customers } from './customers.ts';
import type { Dataset } from './declare.ts';
import { exchangeRates } from './exchange-rates.ts';
import { invitations } from './invitations.ts';
import { readings } from './readings.ts';
import { referrals } from './referrals.ts';
import { responses } from './responses.ts';
import { retentionEvents } from './retention-events.ts';
import { revenueEvents } from './revenue-events.ts';
import { surveys } from './surveys.ts';
import { units } from './units.ts';

/** Every dataset, in the order in which a newcomer would send them. */
export const datasets: readonly Dataset[] = [
  units,
  surveys,
  exchangeRates,
  customers,
  invitations,
  responses,
  revenueEvents,
  referrals,
  retentionEvents,
  readings,
];

/** The datasets whose facts belong to a customer and happened at a moment: those that can be complete or not. */
export const facts = datasets.filter((dataset) => dataset.time !== undefined);
