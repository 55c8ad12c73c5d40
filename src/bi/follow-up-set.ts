import { isPersonal, kept, madeSql } from '../modules/follow-ups/feed.ts';
import { noun } from '../modules/follow-ups/queries.ts';
import { FollowUp } from '../modules/follow-ups/schemas.ts';
import { columnOf } from './noun-sets.ts';
import { type BiSet, dayOf } from './set.ts';

/** The follow-ups, for BI tools. */
export const followUps: BiSet = {
  name: noun.table,
  one: noun.one,
  role: 'fact',
  description: 'The attempts to win back upset customers, closed and withdrawn ones among them.',
  relation: noun.table,
  key: [noun.key],
  time: 'opened_at',
  ...(noun.owner !== undefined && { owner: noun.owner }),
  list: '/v1/follow-ups',
  changes: '/v1/changes/follow-ups',
  columns: [
    ...kept.map((name) => ({
      ...columnOf([name, FollowUp.properties[name]]),
      ...(madeSql[name] !== undefined && { sql: madeSql[name] }),
      personal: isPersonal(name),
    })),
    dayOf('opened_at'),
    dayOf('closed_at', true),
  ],
};
