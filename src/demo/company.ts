import { liveThrough } from './customer-life.ts';
import { begin, dayMs, end, type Facts, type Person, type Row, type Segment } from './life.ts';
import { type Random, randomOf } from './random.ts';
import { firms, firstNames, lastNames } from './texts.ts';

/** All rows of the demo company, by the path that takes them. */
export interface Company {
  name: string;
  /**
   * The datasets in the order in which they are sent: responses last, so that their outcomes are worked out only once.
   * Any other order gives the same answers. Rows are in the order in which they happened.
   */
  datasets: Record<
    | 'units'
    | 'surveys'
    | 'exchange-rates'
    | 'customers'
    | 'revenue-events'
    | 'referrals'
    | 'retention-events'
    | 'invitations'
    | 'responses',
    Row[]
  >;
  /** Rows as they were first recorded, with a mistake that the row of the same id in `datasets` corrects. */
  mistaken: { responses: Row[]; 'revenue-events': Row[] };
  /** Everything that happened before this moment is there. */
  complete_through: string;
}

const top = 'oak-and-arbour';

const regions = {
  north: ['Harbour Street', 'Mill Lane', 'Station Square', 'Old Dairy'],
  coast: ['Pier Road', 'Lighthouse Park', 'Dune Market'],
  south: ['Castle Hill', 'Vineyard Gate', 'River Quarter', 'Orchard Way'],
};
const webShops = { 'web-eu': 'Web shop, Europe', 'web-us': 'Web shop, USA' };

const units: Row[] = [
  { key: top, name: 'Oak & Arbour', kind: 'company' },
  ...Object.keys(regions).map((key) => ({ key, name: `Region ${key}`, parent: top, kind: 'region' })),
  { key: 'web', name: 'Region web', parent: top, kind: 'region' },
  ...Object.entries(regions).flatMap(([parent, stores]) =>
    stores.map((name, at) => ({ key: `${parent}-${at + 1}`, name, parent, kind: 'store' })),
  ),
  ...Object.entries(webShops).map(([key, name]) => ({ key, name, parent: 'web', kind: 'web shop' })),
];

const surveys: Row[] = [
  {
    key: 'nps',
    name: 'Would you recommend us?',
    kind: 'nps',
    question: 'How likely are you to recommend Oak & Arbour to a friend?',
  },
  { key: 'csat', name: 'After the delivery', kind: 'csat', question: 'How satisfied are you with your delivery?' },
  {
    key: 'leaving',
    name: 'Goodbye',
    kind: 'csat',
    question: 'You have ended your membership. How satisfied were you with it?',
    triggered_by_leaving: true,
  },
];

const shares: Record<Segment, number> = { household: 50, gardener: 23, mover: 15, business: 12 };
const acquisitions = {
  advertising: 30,
  referral: 22,
  word_of_mouth: 18,
  promotion: 14,
  sales: 6,
  partner: 4,
  unknown: 6,
};

/**
 * Makes up a company: Oak & Arbour, a chain of furniture and garden stores with delivery and a membership, over three
 * years (2023-07-01 to 2026-06-30). The same seed gives the same company to the last byte.
 *
 * There is something to find in it: customers who are content buy more afterwards, recommend more and stay longer. Among
 * businesses it is the other way round: those that buy most see most go wrong, and say so.
 *
 * @param customers how many there are
 */
export function demoCompany({ seed = 1, customers = 3_000 }: { seed?: number; customers?: number } = {}): Company {
  const random = randomOf(seed);
  const stores = Object.entries(regions).flatMap(([region, names]) =>
    names.map((_, at) => ({ unit: `${region}-${at + 1}`, region, spirit: 0.25 * random.normal() })),
  );
  const people: Person[] = [];
  const records: Row[] = [];
  for (let n = 1; n <= customers; n++) {
    const { person, record } = newCustomer(n, random, stores);
    people.push(person);
    records.push(record);
  }
  const facts: Facts = { invitations: [], responses: [], revenue_events: [], referrals: [], retention_events: [] };
  // Who was won by a referral, in the order of time; each is somebody's.
  const won = people
    .filter(({ acquired_at }, at) => records[at]?.acquisition === 'referral' && acquired_at > begin)
    .sort((one, other) => one.acquired_at - other.acquired_at);
  const takeConverted = (after: number) => {
    const at = won.findIndex(({ acquired_at }) => acquired_at > after && acquired_at < after + 90 * dayMs);
    return at === -1 ? undefined : won.splice(at, 1)[0];
  };
  for (const person of people) liveThrough(person, random, facts, takeConverted);

  const responses = numbered('A', facts.responses, 'answered_at');
  const revenue = numbered('INV', facts.revenue_events, 'occurred_at');
  return {
    name: 'Oak & Arbour',
    datasets: {
      units,
      surveys,
      'exchange-rates': exchangeRates(random),
      customers: records,
      'revenue-events': revenue,
      referrals: numbered('R', facts.referrals, 'made_at'),
      'retention-events': numbered('E', facts.retention_events, 'occurred_at'),
      invitations: numbered('I', facts.invitations, 'sent_at'),
      responses,
    },
    mistaken: {
      // Somebody took the scale the wrong way round, and a comma was forgotten.
      responses: responses
        .filter(({ survey, score }) => survey === 'nps' && score !== 5 && random.chance(0.005))
        .map((row) => ({ ...row, score: 10 - Number(row.score) })),
      'revenue-events': revenue
        .filter(({ type }) => type === 'one_time' && random.chance(0.001))
        .map((row) => ({ ...row, amount: (100 * Number(row.amount)).toFixed(2) })),
    },
    complete_through: new Date(end).toISOString(),
  };
}

function newCustomer(n: number, random: Random, stores: { unit: string; region: string; spirit: number }[]) {
  const id = `C-${String(n).padStart(5, '0')}`;
  const segment = random.weighted(shares);
  const [firstName, lastName] = [random.pick(firstNames), random.pick(lastNames)];
  const online = random.chance(0.2);
  const store = random.pick(stores);
  const isAmerican = online && random.chance(0.25);
  const place = online ? { unit: isAmerican ? 'web-us' : 'web-eu', region: 'web', spirit: 0 } : store;
  const old = random.chance(0.6);
  const acquired_at = Math.round(
    old ? random.between(begin - 1_500 * dayMs, begin - dayMs) : random.between(begin, end - 45 * dayMs),
  );
  const appetite = random.normal();
  const person: Person = {
    id,
    segment,
    region: place.region,
    unit: place.unit,
    currency: isAmerican ? 'USD' : 'EUR',
    acquired_at,
    appetite,
    outlook: place.spirit + 0.45 * random.normal() + (segment === 'business' ? -0.75 * appetite - 0.1 : 0.1),
    member: old && random.chance(0.4),
  };
  const record = {
    id,
    name: segment === 'business' ? `${random.pick(firms)} ${lastName}` : `${firstName} ${lastName}`,
    email: `${firstName}.${lastName}.${n}@example.com`.toLowerCase(),
    segment,
    region: place.region,
    unit: place.unit,
    acquired_at: new Date(acquired_at).toISOString(),
    acquisition: random.weighted(acquisitions),
    attributes: { newsletter: random.chance(0.6) },
  };
  return { person, record };
}

/** In the order of time, each with an id that counts up. */
function numbered(prefix: string, rows: Row[], time: string): Row[] {
  // ISO texts of one form sort like the moments that they are.
  const timeOf = (row: Row) => String(row[time]);
  return rows
    .sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : timeOf(one) > timeOf(other) ? 1 : 0))
    .map((row, at) => ({ id: `${prefix}-${String(at + 1).padStart(6, '0')}`, ...row }));
}

const unknownFrom = Date.parse('2025-03-10T00:00:00Z');
const unknownTo = Date.parse('2025-04-01T00:00:00Z');

/** The dollar on every working day, but for three weeks that nobody recorded. */
function exchangeRates(random: Random): Row[] {
  const rates: Row[] = [];
  let rate = 0.92;
  for (let day = begin - 30 * dayMs; day < end; day += dayMs) {
    rate += 0.03 * (0.92 - rate) + 0.003 * random.normal();
    const isWeekend = [0, 6].includes(new Date(day).getUTCDay());
    if (isWeekend || (day >= unknownFrom && day < unknownTo)) continue;
    rates.push({
      from_currency: 'USD',
      to_currency: 'EUR',
      valid_on: new Date(day).toISOString().slice(0, 10),
      rate: rate.toFixed(4),
    });
  }
  return rates;
}
