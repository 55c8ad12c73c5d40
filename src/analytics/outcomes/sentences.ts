import type { AnswerRow } from '../answer.ts';
import { groupsTold, tallySentence } from '../grouped-sentence.ts';
import type { Question } from '../question.ts';
import { amount, counted, groupName, inGroup, percent, tenths } from '../words.ts';
import type { Comparison, Findings } from './findings.ts';
import type { OutcomeKind } from './measures.ts';
import { standardisedMeasure } from './standardised.ts';

/** A finding in words that a service manager can repeat; `tells` where it tells of an association. */
export interface Said {
  text: string;
  tells: boolean;
}

export const association = 'An association, not a cause.';

/** How an outcome is spoken of. */
interface Wording {
  measure: string;
  more: string;
  less: string;
  /** `less` where the rest was said before. */
  again: string;
  none: string;
  /** Of a size: less money, fewer referrals. */
  fewer: string;
  size: (value: number, question: Question) => string;
  unit: (question: Question) => string;
  per: string;
  one: (findings: Findings, comparison: Comparison, wording: Wording) => Said;
}

const wordings: Record<OutcomeKind['outcome'], Wording> = {
  revenue: {
    measure: 'revenue_after',
    more: 'promoters spent more than detractors',
    less: 'promoters spent less than detractors',
    again: 'less',
    none: 'no difference in spending between promoters and detractors was found',
    fewer: 'less',
    size: (value, { state }) => amount(value, state.currency),
    unit: ({ state }) => ` ${state.currency}`,
    per: ' on average',
    one: revenueSentence,
  },
  referrals: {
    measure: 'referrals_after',
    more: 'promoters made more referrals than detractors',
    less: 'promoters made fewer referrals than detractors',
    again: 'fewer',
    none: 'no difference in referrals between promoters and detractors was found',
    fewer: 'fewer',
    size: (value) => tenths(100 * value),
    unit: () => '',
    per: ' per 100 responses',
    one: referralsSentence,
  },
  retention: {
    measure: 'retention_rate',
    more: 'promoters stayed more often than detractors',
    less: 'promoters stayed less often than detractors',
    again: 'less often',
    none: 'no difference in retention between promoters and detractors was found',
    fewer: 'fewer',
    size: (value) => tenths(100 * value),
    unit: () => ' points',
    per: '',
    one: retentionSentence,
  },
};

/** What was found about an outcome: promoters against detractors, as a whole or in how many of the groups. */
export function outcomeSentence(findings: Findings): Said {
  const { kind, through, comparisons } = findings;
  const wording = wordings[kind.outcome];
  const told = comparisons.filter(
    ({ measure, band, difference }) => measure === wording.measure && band === 'promoter' && difference !== null,
  );
  const [first, second] = told;
  if (through === null) return { text: noData(kind), tells: false };
  if (!first) return { text: nothingToCompare(findings), tells: false };
  return second ? groupedSentence(findings, told, wording) : wording.one(findings, first, wording);
}

const noData = ({ outcome }: OutcomeKind) =>
  `Nothing can be told of ${outcome}: no ${outcome === 'revenue' ? 'revenue events' : outcome === 'referrals' ? 'referrals' : 'retention events or revenue events'} were sent yet. That is not the same as zero.`;

function nothingToCompare({ rows, left_out, question }: Findings): string {
  if (rows.length === 0) return 'No responses were found for this question.';
  if (rows.every(({ responses }) => responses === 0)) {
    const reasons = left_out.map(({ reason, responses }) => `${counted(responses)} ${reason.replaceAll('_', ' ')}`);
    const all = left_out.reduce((sum, { responses }) => sum + responses, 0);
    return `${all === 1 ? 'The only response does not count' : `None of the ${counted(all)} responses counts`}: ${reasons.join(', ')}.`;
  }
  return `Too few responses with an elapsed window of ${question.window_days} days to compare promoters with detractors.`;
}

const isMany = ({ rows }: Findings) => new Set(rows.map(({ survey }) => survey)).size > 1;

/** Which group a comparison is of, after a noun. */
const inside = (findings: Findings, comparison: Comparison) =>
  `${isMany(findings) ? ` of the survey '${comparison.survey}'` : ''}${inGroup(comparison, findings.question)}`;

const rowOf = ({ rows, question }: Findings, { survey, groups }: Comparison, band: string): AnswerRow | undefined =>
  rows.find(
    (one) =>
      one.survey === survey &&
      one.band === band &&
      question.group_by.every((name, at) => one[name] === (groups[at] ?? null)),
  );

/** An interval on one side of zero. Any other one says that no difference was found; that is an answer too. */
const isSure = ({ low, high }: Comparison) => low !== null && high !== null && (low > 0 || high < 0);
const isMore = ({ difference }: Comparison) => (difference ?? 0) >= 0;

/** `151.10 to 273.70 EUR more`, `5.00 EUR less to 29.00 EUR more`; null without an interval. */
function range({ low, high }: Comparison, { size, unit, fewer }: Wording, question: Question): string | null {
  if (low === null || high === null) return null;
  const one = (value: number) => size(Math.abs(value), question);
  const units = unit(question);
  if (low >= 0) return `${one(low)} to ${one(high)}${units} more`;
  if (high <= 0) return `${one(high)} to ${one(low)}${units} ${fewer}`;
  return `${one(low)}${units} ${fewer} to ${one(high)}${units} more`;
}

/** `(95% interval 1.00 to 2.00 EUR more; 1,204 and 412 responses)` */
function behind(findings: Findings, comparison: Comparison, wording: Wording): string {
  const interval = range(comparison, wording, findings.question);
  const n = (band: string) => counted(Number(rowOf(findings, comparison, band)?.responses ?? 0));
  const responses = `${n('promoter')} and ${n('detractor')} responses`;
  return interval ? `(95% interval ${interval}; ${responses})` : `(${responses}, which give no interval)`;
}

const after = ({ question }: Findings) => `In the ${question.window_days} days after answering,`;
const distance = ({ difference }: Comparison, { size }: Wording, question: Question) =>
  size(Math.abs(difference ?? 0), question);
/** Neither a sure difference nor one without an interval. */
const isUnclear = (comparison: Comparison) => !isSure(comparison) && comparison.low !== null;

function revenueSentence(findings: Findings, spent: Comparison, wording: Wording): Said {
  const { question, comparisons } = findings;
  const where = inside(findings, spent);
  const than = `${distance(spent, wording, question)} ${question.state.currency} ${isMore(spent) ? 'more' : 'less'} on average than detractors`;
  const found = isUnclear(spent)
    ? `no difference in spending between promoters and detractors${where} was found`
    : spent.difference === 0
      ? `promoters and detractors${where} spent the same on average`
      : `promoters${where} spent ${than}`;
  const text = `${after(findings)} ${found} ${behind(findings, spent, wording)}.${sameMix(findings, spent, wording)}`;
  const change = comparisons.find(
    ({ measure, band, survey, groups }) =>
      measure === 'change' && band === 'promoter' && survey === spent.survey && groups === spent.groups,
  );
  if (!change || change.low === null) return { text, tells: isSure(spent) };
  return {
    text: `${text} ${changeSentence(spent, change, wording, question)}`,
    tells: isSure(spent) || isSure(change),
  };
}

/** ` With the same mix of segments they spent ... more (95% interval ...).` where the segments could be told. */
function sameMix({ comparisons, question }: Findings, spent: Comparison, wording: Wording): string {
  const same = comparisons.find(
    ({ measure, band, survey, groups }) =>
      measure === standardisedMeasure && band === 'promoter' && survey === spent.survey && groups === spent.groups,
  );
  const interval = same && range(same, wording, question);
  if (!same || !interval) return '';
  const more = isUnclear(same)
    ? 'no difference is found'
    : `it is ${distance(same, wording, question)} ${question.state.currency} ${isMore(same) ? 'more' : 'less'}`;
  return ` With the same mix of segments ${more} (95% interval ${interval}).`;
}

/** What the windows before and after say beside it: big spenders may simply give other scores. */
function changeSentence(spent: Comparison, change: Comparison, wording: Wording, question: Question): string {
  const before = `the ${question.window_days} days before`;
  if (isSure(change))
    return `Compared with ${before}, promoters ${isMore(change) ? 'gained' : 'lost'} ${distance(change, wording, question)} ${question.state.currency} ${isMore(change) ? 'on' : 'against'} detractors.`;
  if (!isSure(spent)) return `Nor was one found in how spending changed from ${before}.`;
  return `The gap is not clearly different from that in ${before}: ${isMore(spent) ? 'promoters' : 'detractors'} may simply have been the bigger spenders.`;
}

function referralsSentence(findings: Findings, made: Comparison, wording: Wording): Said {
  const { question } = findings;
  const where = inside(findings, made);
  const isNone = ['promoter', 'detractor'].every((band) => rowOf(findings, made, band)?.referrals_after === 0);
  const found = isNone
    ? `neither promoters nor detractors${where} made a referral`
    : isUnclear(made)
      ? `no difference in referrals between promoters and detractors${where} was found`
      : made.difference === 0
        ? `promoters and detractors${where} made equally many referrals`
        : `promoters${where} made ${distance(made, wording, question)} ${isMore(made) ? 'more' : 'fewer'} referrals per 100 responses than detractors`;
  return { text: `${after(findings)} ${found} ${behind(findings, made, wording)}.`, tells: isSure(made) };
}

function retentionSentence(findings: Findings, kept: Comparison, wording: Wording): Said {
  const { question } = findings;
  const rows = ['promoter', 'detractor'].map((band) => rowOf(findings, kept, band));
  const [promoters, detractors] = rows.map((row) => percent(Number(row?.retention_rate ?? 0)));
  const sum = (column: string) => rows.reduce((all, row) => all + Number(row?.[column] ?? 0), 0);
  const contracts = sum('judged_by_contract');
  const days = `${question.window_days} days after answering`;
  const stayed =
    contracts === 0
      ? `bought again in the ${days}`
      : contracts === sum('responses')
        ? `were still customers ${days}`
        : `were still customers, or had bought again, ${days}`;
  const found = isUnclear(kept)
    ? 'no difference was found'
    : kept.difference === 0
      ? 'equally many'
      : `${distance(kept, wording, question)} points ${isMore(kept) ? 'more' : 'fewer'} of the promoters`;
  return {
    text: `${promoters} of promoters and ${detractors} of detractors${inside(findings, kept)} ${stayed}: ${found} ${behind(findings, kept, wording)}.`,
    tells: isSure(kept),
  };
}

/** In how many groups promoters did better or worse than detractors, judged by q: many groups are many tests. */
function groupedSentence(findings: Findings, told: Comparison[], wording: Wording): Said {
  const { question, rows, tests } = findings;
  const sure = told
    .filter(({ q }) => q !== null && q <= 0.05)
    .sort((one, other) => Math.abs(other.difference ?? 0) - Math.abs(one.difference ?? 0));
  const side = (found: Comparison[], word: string) => {
    const [most] = found;
    if (!most) return { count: 0, example: '' };
    const name = `${isMany(findings) ? `'${most.survey}' ` : ''}${groupName(most, question)}`.trim();
    const size = `${distance(most, wording, question)}${wording.unit(question)} ${word}${wording.per}`;
    const interval = range(most, wording, question);
    return {
      count: found.length,
      example: ` (${found.length > 1 ? 'most in ' : ''}${name}: ${size}, 95% interval ${interval})`,
    };
  };
  const text = tallySentence({
    opening: after(findings),
    more: { claim: wording.more, ...side(sure.filter(isMore), 'more') },
    less: {
      claim: wording.less,
      again: wording.again,
      ...side(
        sure.filter((one) => !isMore(one)),
        wording.fewer,
      ),
    },
    none: wording.none,
    told: told.length,
    noun: groupsTold(rows, told.length, question),
    tests,
  });
  return { text, tells: sure.length > 0 };
}
