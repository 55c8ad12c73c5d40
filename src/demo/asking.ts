import { dayMs, experienceOf, type Life, record } from './life.ts';
import { type leavingReasons, leavingRemarks, remarks, type Theme } from './texts.ts';

type Band = 'detractor' | 'passive' | 'promoter';

/** The surveys that customers are asked: how a score tells the experience, and where its bands are. */
const asked = {
  nps: { middle: 7.8, slope: 1.6, noise: 1.1, low: 0, high: 10, detractor_max: 6, promoter_min: 9, willing: 0.32 },
  csat: { middle: 4, slope: 0.75, noise: 0.6, low: 1, high: 5, detractor_max: 2, promoter_min: 5, willing: 0.25 },
};
const usualThemes = { nps: ['staff', 'price', 'quality'], csat: ['delivery', 'assembly', 'damage'] } as const;

const onScale = (score: number, low: number, high: number) => Math.min(high, Math.max(low, Math.round(score)));

function remarkOn({ item, random }: Life, theme: Theme, band: Band): string {
  return random
    .pick(remarks[theme][band])
    .replace('{item}', item)
    .replace('{days}', String(Math.round(random.between(4, 40))));
}

/** Invites the customer to a survey; perhaps it answers some days later. */
export function ask(life: Life, at: number, survey: keyof typeof asked, moment: string): void {
  const { person, random, trouble } = life;
  const { id: customer_id, unit, segment, region } = person;
  const { middle, slope, noise, low, high, detractor_max, promoter_min, willing } = asked[survey];
  const status = random.weighted({ delivered: 48, opened: 48, bounced: 3, declined: 1 });
  record(life, 'invitations', 'sent_at', at, { customer_id, survey, moment, unit, status });
  if (status === 'bounced' || status === 'declined' || !random.chance(willing)) return;

  const score = onScale(middle + slope * experienceOf(life) + noise * random.normal(), low, high);
  const band = score <= detractor_max ? 'detractor' : score >= promoter_min ? 'promoter' : 'passive';
  const theme = trouble && trouble.until > at ? trouble.theme : random.pick<Theme>(usualThemes[survey]);
  const isAnonymous = survey === 'nps' && random.chance(0.04);
  record(life, 'responses', 'answered_at', at + random.between(0.1, 6) * dayMs, {
    customer_id: isAnonymous ? null : customer_id,
    survey,
    score,
    ...(random.chance(0.5) && { comment: remarkOn(life, theme, band) }),
    themes: random.chance(0.85) ? [theme] : [],
    moment,
    unit,
    employee: `${unit}-${Math.ceil(random.between(0, 6))}`,
    channel: unit.startsWith('web') ? 'web' : random.weighted({ store: 6, web: 3, phone: 1 }),
    // The system that asks after a delivery knows no segments: the one of the customer's record stands in.
    ...(survey === 'nps' && { segment, region }),
  });
}

/** Asks a customer that ends its membership. What it says is no cause of its leaving. */
export function askLeaver(life: Life, at: number, reason: keyof typeof leavingReasons): void {
  const { person, random, mood } = life;
  const { id: customer_id, unit, segment, region } = person;
  const survey = 'leaving';
  record(life, 'invitations', 'sent_at', at + dayMs, { customer_id, survey, unit, status: 'delivered' });
  if (!random.chance(0.4)) return;
  record(life, 'responses', 'answered_at', at + random.between(1.1, 5) * dayMs, {
    customer_id,
    survey,
    score: onScale(2.4 + 0.6 * mood + 0.8 * random.normal(), 1, 5),
    comment: random.pick(leavingRemarks[reason]),
    themes: [],
    unit,
    segment,
    region,
  });
}
