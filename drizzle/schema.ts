// Every table, for drizzle-kit: it compares them with the last migration and writes the next one.
import { customers as customersDataset } from '../src/datasets/customers.ts';
import { exchangeRates as exchangeRatesDataset } from '../src/datasets/exchange-rates.ts';
import { invitations as invitationsDataset } from '../src/datasets/invitations.ts';
import { readings as readingsDataset } from '../src/datasets/readings.ts';
import { referrals as referralsDataset } from '../src/datasets/referrals.ts';
import { responses as responsesDataset } from '../src/datasets/responses.ts';
import { retentionEvents as retentionEventsDataset } from '../src/datasets/retention-events.ts';
import { revenueEvents as revenueEventsDataset } from '../src/datasets/revenue-events.ts';
import { surveys as surveysDataset } from '../src/datasets/surveys.ts';
import { units as unitsDataset } from '../src/datasets/units.ts';

export * from '../src/db/tables/api-keys.ts';
export * from '../src/db/tables/behaviours.ts';
export * from '../src/db/tables/changes.ts';
export * from '../src/db/tables/customer-revenue.ts';
export * from '../src/db/tables/events.ts';
export * from '../src/db/tables/follow-ups.ts';
export * from '../src/db/tables/goals.ts';
export * from '../src/db/tables/idempotent-answers.ts';
export * from '../src/db/tables/mile-markers.ts';
export * from '../src/db/tables/moments.ts';
export * from '../src/db/tables/outcomes.ts';
export * from '../src/db/tables/problems.ts';
export * from '../src/db/tables/settings.ts';
export * from '../src/db/tables/visions.ts';
export * from '../src/db/tables/webhooks.ts';

export const customers = customersDataset.table;
export const exchangeRates = exchangeRatesDataset.table;
export const invitations = invitationsDataset.table;
export const readings = readingsDataset.table;
export const referrals = referralsDataset.table;
export const responses = responsesDataset.table;
export const retentionEvents = retentionEventsDataset.table;
export const revenueEvents = revenueEventsDataset.table;
export const surveys = surveysDataset.table;
export const units = unitsDataset.table;
