import { counted, groupWords, money, percent, points } from './answer.ts';
import type { Comparison, Findings } from './outcome-answer.ts';

/** The comparison that a sentence is about: promoters with detractors, in the first group that tells. */
const told = ({ comparisons }: Findings, measure: string): Comparison | undefined =>
  comparisons.find(
    (one) => one.measure === measure && one.band === 'promoter' && one.difference !== null && one.low !== null,
  );

const association = 'An association, not a cause.';

/** How many responses of each band stand behind a comparison, as the row of the band says. */
function responsesOf({ rows, question }: Findings, { survey, groups }: Comparison, band: string): string {
  const row = rows.find(
    (one) =>
      one.survey === survey &&
      one.band === band &&
      question.group_by.every((name, at) => one[name] === (groups[at] ?? null)),
  );
  return counted(Number(row?.responses ?? 0));
}

/** `(95% interval 1.00 to 2.00; 1,204 and 412 responses)` */
const behind = (findings: Findings, comparison: Comparison, low: string, high: string) =>
  `(95% interval ${low} to ${high}; ${responsesOf(findings, comparison, 'promoter')} and ${responsesOf(findings, comparison, 'detractor')} responses)`;

/** An interval that holds zero says that no difference was found; that is an answer too. */
const isSure = ({ low, high }: Comparison) => low !== null && high !== null && (low > 0 || high < 0);

const tooFew = ({ question }: Findings) =>
  `Too few responses with an elapsed window of ${question.window_days} days to compare promoters with detractors.`;

function where(findings: Findings, comparison: Comparison): string {
  const many = new Set(findings.groups.map((group) => group.survey)).size > 1;
  return `${many ? ` of the survey '${comparison.survey}'` : ''}${groupWords(comparison, findings.question)}`;
}

/** What was found about revenue, in words that a service manager can repeat. */
export function revenueSentence(findings: Findings): string {
  const after = told(findings, 'revenue_after');
  if (!after) return tooFew(findings);
  const { window_days, state } = findings.question;
  const amount = (value: number | null) => money(value ?? 0, state.currency);
  const more = (after.difference ?? 0) >= 0 ? 'more' : 'less';
  const first = isSure(after)
    ? `In the ${window_days} days after answering, promoters${where(findings, after)} spent ${amount(Math.abs(after.difference ?? 0))} ${more} than detractors ${behind(findings, after, amount(after.low), amount(after.high))}.`
    : `In the ${window_days} days after answering, no difference in spending between promoters and detractors${where(findings, after)} was found ${behind(findings, after, amount(after.low), amount(after.high))}.`;
  const change = told(findings, 'change');
  if (!change || change.survey !== after.survey) return `${first} ${association}`;
  const grew = isSure(change)
    ? `Compared with the ${window_days} days before, the gap ${(change.difference ?? 0) >= 0 ? 'grew' : 'shrank'} by ${amount(Math.abs(change.difference ?? 0))}.`
    : `The gap is no clearly wider or narrower than in the ${window_days} days before: promoters may simply have been the bigger spenders.`;
  return `${first} ${grew} ${association}`;
}

export function referralsSentence(findings: Findings): string {
  const made = told(findings, 'referrals_after');
  if (!made) return tooFew(findings);
  const per = (value: number | null) => (100 * (value ?? 0)).toFixed(1);
  const text = isSure(made)
    ? `promoters${where(findings, made)} made ${per(Math.abs(made.difference ?? 0))} ${(made.difference ?? 0) >= 0 ? 'more' : 'fewer'} referrals per 100 responses than detractors`
    : `no difference in referrals between promoters and detractors${where(findings, made)} was found`;
  return `In the ${findings.question.window_days} days after answering, ${text} ${behind(findings, made, per(made.low), per(made.high))}. ${association}`;
}

export function retentionSentence(findings: Findings): string {
  const kept = told(findings, 'retention_rate');
  if (!kept) return tooFew(findings);
  const rate = (band: string) => {
    const row = findings.rows.find(
      (one) =>
        one.survey === kept.survey &&
        one.band === band &&
        findings.question.group_by.every((name, at) => one[name] === (kept.groups[at] ?? null)),
    );
    return percent(Number(row?.retention_rate ?? 0));
  };
  const range = behind(findings, kept, points(kept.low ?? 0), points(kept.high ?? 0));
  const both = `${rate('promoter')} of promoters and ${rate('detractor')} of detractors${where(findings, kept)} were still customers ${findings.question.window_days} days after answering`;
  return isSure(kept)
    ? `${both}: ${points(Math.abs(kept.difference ?? 0))} ${(kept.difference ?? 0) >= 0 ? 'more' : 'fewer'} ${range}. ${association}`
    : `${both}, which is no clear difference ${range}. ${association}`;
}
