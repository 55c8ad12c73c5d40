import type { Random } from './random.ts';
import type { products, Theme } from './texts.ts';

export const dayMs = 86_400_000;
/** The three years that the facts tell of: from the first moment, up to the second. */
export const begin = Date.parse('2023-07-01T00:00:00Z');
export const end = Date.parse('2026-07-01T00:00:00Z');

export type Row = Record<string, unknown>;
export type Segment = keyof typeof products;

/** The facts of everybody so far; ids are given when all are there. */
export interface Facts {
  invitations: Row[];
  responses: Row[];
  revenue_events: Row[];
  referrals: Row[];
  retention_events: Row[];
}

/** A customer as it begins. */
export interface Person {
  id: string;
  segment: Segment;
  region: string;
  unit: string;
  currency: 'EUR' | 'USD';
  acquired_at: number;
  /** How much it buys by nature: standard normal. */
  appetite: number;
  /** How content it is by nature, in standard deviations. */
  outlook: number;
  member: boolean;
}

/** A customer as it stands in one week. */
export interface Life {
  readonly person: Person;
  readonly random: Random;
  readonly facts: Facts;
  /** What its experience differs from its outlook by: a slow drift, and what went wrong or well lately. */
  drift: number;
  luck: number;
  /** Follows the experience, and lags behind it. */
  mood: number;
  /** What it would complain of, and until when. */
  trouble: { theme: Theme; until: number } | undefined;
  /** What it bought last. */
  item: string;
  /** When a member renews or leaves; undefined for who is none. */
  renewal_at: number | undefined;
  has_left: boolean;
}

/** What the customer thinks of us at the moment; a score tells it, with noise. */
export const experienceOf = ({ person, drift, luck }: Life) => person.outlook + drift + luck;

/** Adds a fact that happened at a moment, unless that lies beyond the three years. */
export function record({ facts }: Life, dataset: keyof Facts, time: string, at: number, row: Row): void {
  if (at < end) facts[dataset].push({ ...row, [time]: new Date(Math.round(at)).toISOString() });
}
