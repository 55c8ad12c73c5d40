import type { OutcomeSum } from '../../outcomes/cells.ts';

/** A figure that outcome questions tell of a band: a mean, or a share, over the responses that count. */
export interface Measure {
  name: string;
  kind: 'mean' | 'share';
  /** What one group of customers adds to the numerator. */
  numerator: (sums: Record<OutcomeSum, number>) => number;
  /** The same for one response, over a relation `c` with the columns of `response_outcomes`. */
  value: string;
  /** Whether promoters and passives are compared with detractors by it. */
  compared: boolean;
  description: string;
}

/** The outcomes that questions ask for, each with the figures that tell it. */
export interface OutcomeKind {
  outcome: 'revenue' | 'referrals' | 'retention';
  definition: { id: string; version: number; text: string };
  /** How many responses count: the denominator of every measure. */
  n: OutcomeSum;
  state: string;
  measures: readonly Measure[];
  /** Sums that are told beside the measures: column, and the sum that it is. */
  totals: Record<string, OutcomeSum>;
  /** Why responses do not count: reason, and the sum that counts them. */
  left_out: Record<string, OutcomeSum>;
}

const notAsked = {
  anonymous: 'anonymous',
  survey_triggered_by_leaving: 'leaving',
  not_an_index_response: 'not_index',
} as const;

export const revenueKind: OutcomeKind = {
  outcome: 'revenue',
  definition: {
    id: 'revenue_after',
    version: 1,
    text: 'Net revenue of the customer in the window after an index response, (t, t + W], of responses whose window has elapsed; revenue_before is the same in (t - W, t], change the difference of the two. repeat_rate is the share with a payment in the window. An index response is the first one of a customer to a survey, then the first one at least W days after the last index response.',
  },
  n: 'revenue_n',
  state: 'revenue_state',
  measures: [
    {
      name: 'revenue_after',
      kind: 'mean',
      numerator: (sums) => sums.revenue_after,
      value: 'c.revenue_after',
      compared: true,
      description: 'Mean net revenue in the window after the answer, in the reporting currency.',
    },
    {
      name: 'revenue_before',
      kind: 'mean',
      numerator: (sums) => sums.revenue_before,
      value: 'c.revenue_before',
      compared: false,
      description: 'Mean net revenue in the window before the answer, in the reporting currency.',
    },
    {
      name: 'change',
      kind: 'mean',
      numerator: (sums) => sums.revenue_after - sums.revenue_before,
      value: 'c.revenue_after - c.revenue_before',
      compared: true,
      description:
        'Mean of revenue after minus revenue before. Big spenders may simply score higher; this sets that aside.',
    },
    {
      name: 'repeat_rate',
      kind: 'share',
      numerator: (sums) => sums.repeaters,
      value: '(c.orders_after > 0)::int',
      compared: true,
      description: 'Share of responses whose customer paid at least once in the window after.',
    },
  ],
  totals: { revenue_total: 'revenue_after', orders: 'orders' },
  left_out: { ...notAsked, window_open: 'revenue_open', no_exchange_rate: 'revenue_no_rate' },
};

export const referralsKind: OutcomeKind = {
  outcome: 'referrals',
  definition: {
    id: 'referrals_after',
    version: 1,
    text: 'Referrals that the customer made in the window after an index response, (t, t + W], of responses whose window has elapsed; conversions_after are those that became customers in it, referrer_rate is the share of responses with at least one referral.',
  },
  n: 'referrals_n',
  state: 'referrals_state',
  measures: [
    {
      name: 'referrals_after',
      kind: 'mean',
      numerator: (sums) => sums.referrals,
      value: 'c.referrals_after',
      compared: true,
      description: 'Mean number of referrals made in the window after the answer.',
    },
    {
      name: 'conversions_after',
      kind: 'mean',
      numerator: (sums) => sums.conversions,
      value: 'c.conversions_after',
      compared: true,
      description: 'Mean number of referrals that became customers in the window after the answer.',
    },
    {
      name: 'referrer_rate',
      kind: 'share',
      numerator: (sums) => sums.referrers,
      value: '(c.referrals_after > 0)::int',
      compared: true,
      description: 'Share of responses whose customer made at least one referral in the window after.',
    },
  ],
  totals: { referrals: 'referrals', conversions: 'conversions' },
  left_out: { ...notAsked, window_open: 'referrals_open' },
};

export const retentionKind: OutcomeKind = {
  outcome: 'retention',
  definition: {
    id: 'retention',
    version: 1,
    text: 'Share of index responses whose customer, active at the answer, is active W days later, of those whose window has elapsed. Customers with retention events (contract) are judged by their last event up to the moment; all others (activity) by whether they bought again in (t, t + W].',
  },
  n: 'retention_n',
  state: 'retention_state',
  measures: [
    {
      name: 'retention_rate',
      kind: 'share',
      numerator: (sums) => sums.retained,
      value: 'c.retained::int',
      compared: true,
      description: 'Share of responses whose customer was active at the end of the window.',
    },
  ],
  totals: { retained: 'retained', judged_by_contract: 'retention_contract_n' },
  left_out: { ...notAsked, window_open: 'retention_open', not_active_when_answered: 'retention_not_active' },
};
