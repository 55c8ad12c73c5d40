import { ask, askLeaver } from './asking.ts';
import { begin, dayMs, end, experienceOf, type Facts, type Life, type Person, record, type Segment } from './life.ts';
import type { Random } from './random.ts';
import { leavingReasons, products } from './texts.ts';

/**
 * How a segment behaves. `appetite` is how much its customers differ in what they buy, `pull` by how much a good mood
 * raises it: a business buys what it must, whatever it thinks of us.
 */
const habits: Record<Segment, { orders_a_year: number; order_value: number; appetite: number; pull: number }> = {
  household: { orders_a_year: 3.5, order_value: 95, appetite: 0.35, pull: 0.55 },
  gardener: { orders_a_year: 6, order_value: 52, appetite: 0.35, pull: 0.5 },
  mover: { orders_a_year: 3, order_value: 170, appetite: 0.35, pull: 0.5 },
  business: { orders_a_year: 8, order_value: 110, appetite: 0.75, pull: 0.1 },
};

/** A factor for each month: spring in the garden, and the weeks before Christmas indoors. */
const gardenSeason = [0.4, 0.6, 1.2, 1.9, 1.9, 1.5, 1.0, 0.8, 0.9, 0.8, 0.5, 0.5];
const homeSeason = [0.9, 0.8, 0.9, 1.0, 0.9, 0.9, 0.9, 0.9, 1.1, 1.1, 1.3, 1.3];

const hourMs = 3_600_000;
const weekMs = 7 * dayMs;
const yearMs = 365 * dayMs;
const weeksBetweenSurveys = 17;
const memberFee = { EUR: 79, USD: 89 };

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

function pay(life: Life, at: number, type: string, amount: number, product: string): void {
  const { id: customer_id, currency, unit } = life.person;
  const row = { customer_id, type, amount: amount.toFixed(2), currency, product, unit };
  record(life, 'revenue_events', 'occurred_at', at, row);
}

function membership(life: Life, at: number, type: string, reason?: string): void {
  const { id: customer_id, currency } = life.person;
  record(life, 'retention_events', 'occurred_at', at, { customer_id, type, ...(reason && { reason }) });
  if (type !== 'churned' && at >= begin) pay(life, at, 'recurring', memberFee[currency], 'membership');
}

/** Buys something. It may be delivered, that may go wrong, and then it may be asked about. */
function order(life: Life, at: number): void {
  const { person, random } = life;
  const { segment, unit } = person;
  life.item = random.pick(products[segment]);
  const amount = habits[segment].order_value * Math.exp(0.6 * random.normal() + 0.1 * life.mood);
  pay(life, at, 'one_time', amount, life.item);
  if (!unit.startsWith('web') && !random.chance(0.4)) return;

  const delivered = at + random.between(2, 9) * dayMs;
  const wentWrong = random.chance(0.13);
  if (wentWrong) {
    const theme = random.weighted({ delivery: 5, damage: 3, assembly: 2, returns: 2 });
    life.trouble = { theme, until: at + 120 * dayMs };
    life.luck -= random.between(0.6, 1.8);
  } else if (random.chance(0.25)) life.luck += random.between(0.1, 0.6);

  if (random.chance(wentWrong ? 0.25 : 0.04))
    pay(life, delivered + random.between(3, 25) * dayMs, 'refund', -amount * random.pick([0.25, 0.5, 1]), life.item);
  else if (wentWrong && random.chance(0.2)) pay(life, delivered + 3 * dayMs, 'credit', -15, 'goodwill');
  if (random.chance(0.6)) ask(life, delivered + dayMs, 'csat', random.weighted({ delivery: 3, assembly: 1 }));
}

function join(life: Life, at: number): void {
  membership(life, at, life.has_left ? 'reactivated' : 'started');
  life.renewal_at = at + yearMs;
  life.has_left = false;
}

function leave(life: Life, at: number): void {
  const reason = life.random.weighted({ ...leavingReasons, poor_service: life.mood < -0.3 ? 5 : 1 });
  membership(life, at, 'churned', reason);
  life.renewal_at = undefined;
  life.has_left = true;
  askLeaver(life, at, reason);
}

/** Whoever is no member may join; a member renews or leaves when its year is over, and rarely leaves before. */
function decideOnMembership(life: Life, at: number): void {
  const { random, mood, renewal_at, has_left } = life;
  if (renewal_at === undefined) {
    if (random.chance(has_left ? 0.006 : 0.001 * Math.exp(0.5 * mood))) join(life, at);
  } else if (at >= renewal_at) {
    if (random.chance(logistic(-1.6 - 1.3 * mood))) leave(life, renewal_at);
    else {
      membership(life, renewal_at, 'renewed');
      life.renewal_at = renewal_at + yearMs;
    }
  } else if (random.chance(0.0012 * Math.exp(-1.1 * mood))) leave(life, at);
}

/**
 * Lives one customer's three years, week by week, and adds what happens to the facts.
 *
 * What drives everything is the customer's *experience*: its outlook, a slow drift, and what goes wrong or well with its
 * deliveries, which fades over months. Scores tell the experience of the moment, with noise. Buying, recommending and
 * leaving follow the *mood*, which lags behind. So what is said comes before what is done.
 *
 * @param takeConverted gives somebody who became a customer soon after a moment, if anybody did
 */
export function liveThrough(
  person: Person,
  random: Random,
  facts: Facts,
  takeConverted: (after: number) => { id: string; acquired_at: number } | undefined,
): void {
  const { segment, acquired_at, outlook, appetite } = person;
  const habit = habits[segment];
  const life: Life = {
    person,
    random,
    facts,
    drift: 0.5 * random.normal(),
    luck: 0,
    mood: outlook,
    trouble: undefined,
    item: random.pick(products[segment]),
    renewal_at: undefined,
    has_left: false,
  };
  if (person.member) join(life, Math.max(acquired_at, begin - random.between(0, 360) * dayMs));
  const surveyWeek = Math.floor(random.between(0, weeksBetweenSurveys));
  const firstWeek = Math.max(0, Math.ceil((acquired_at - begin) / weekMs));
  for (let week = firstWeek; begin + week * weekMs < end; week++) {
    const now = begin + week * weekMs + Math.floor(random.between(0, 7)) * dayMs + random.between(8, 20) * hourMs;
    life.drift = 0.97 * life.drift + 0.12 * random.normal();
    life.luck *= 0.955;
    life.mood += 0.1 * (experienceOf(life) - life.mood);

    const season = (segment === 'gardener' ? gardenSeason : homeSeason)[new Date(now).getUTCMonth()] ?? 1;
    const tie = life.has_left ? 0.6 : life.renewal_at ? 1.2 : 1;
    const rate =
      (habit.orders_a_year / 52) * season * tie * Math.exp(habit.appetite * appetite + habit.pull * life.mood);
    if (random.chance(1 - Math.exp(-rate))) order(life, now);
    if (week % weeksBetweenSurveys === surveyWeek) ask(life, now, 'nps', 'relationship');
    if (random.chance(0.004 * Math.exp(1.1 * life.mood))) {
      const won = random.chance(0.3) ? takeConverted(now) : undefined;
      record(life, 'referrals', 'made_at', now, {
        referrer_id: person.id,
        ...(won && { referred_id: won.id, converted_at: new Date(won.acquired_at).toISOString() }),
      });
    }
    decideOnMembership(life, now);
  }
}
