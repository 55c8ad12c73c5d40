import type { Database } from '../../db/pool.ts';
import { resamples } from '../../stats/bootstrap.ts';
import { withQ } from '../../stats/tests.ts';
import { type Answer, freshness, qMethod, testsIn, usualWarnings } from '../answer.ts';
import { prepareQuestion, type QuestionParameters, shownParameters } from '../question.ts';
import { inResponses, scoped } from '../words.ts';
import { comparisonRow, type Findings, findOutcome } from './findings.ts';
import { beforeFirstRevenue } from './first-revenue.ts';
import type { OutcomeKind } from './measures.ts';
import { association, outcomeSentence } from './sentences.ts';
import { standardise } from './standardised.ts';
import { type MoreStatistics, usualSeed, withBootstrap, withMedians } from './statistics.ts';

/** Prepares, finds and words one outcome question. */
export async function answerOutcome(
  db: Database,
  given: QuestionParameters & MoreStatistics,
  reader: { personal: boolean },
  kind: OutcomeKind,
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const found = await findOutcome(db, question, kind);
  const isRevenue = kind.outcome === 'revenue';
  const { findings, warnings: more } = isRevenue
    ? await revenueFindings(db, found, given)
    : { findings: found, warnings: [] };
  const { through, rows, comparisons, tests, left_out, method } = findings;
  const { fresh, warnings } = freshness(question, through);
  const { text, tells } = outcomeSentence(findings);
  const { statistics = 'mean', seed = usualSeed } = given;
  return {
    question: `outcomes/${kind.outcome}`,
    reads_as: scoped(tells ? `${text} ${association}` : text, question),
    definition: kind.definition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: through?.toISOString() ?? question.as_of,
      currency: question.state.currency,
      ...(isRevenue ? { statistics } : {}),
      ...(isRevenue && statistics === 'bootstrap' ? { seed, resamples } : {}),
    }),
    data: rows,
    comparisons: comparisons.map((comparison) => comparisonRow(comparison, question)),
    left_out,
    fresh,
    method: method + qMethod(tests),
    warnings: [...warnings, ...usualWarnings(rows, tests), ...outcomeWarnings(findings), ...more],
  };
}

interface Warned {
  findings: Findings;
  warnings: string[];
}

/** Revenue with the differences at the same mix of segments, and the statistics that were asked for. */
async function revenueFindings(
  db: Database,
  raw: Findings,
  { statistics = 'mean', seed = usualSeed }: MoreStatistics,
): Promise<Warned> {
  const { findings, warnings: ofStandardised } = await withStandardised(db, raw);
  const warnings = [...ofStandardised, ...(await revenueWarnings(db, raw))];
  const rows = findings.rows.map((row) => ({
    ...row,
    revenue_after_median: null,
    revenue_after_median_low: null,
    revenue_after_median_high: null,
  }));
  const told = { ...findings, rows };
  if (statistics === 'median') return { findings: await withMedians(db, told), warnings };
  if (statistics === 'mean') return { findings: told, warnings };
  const drawn = await withBootstrap(db, told, seed);
  return { findings: drawn.findings, warnings: [...warnings, ...drawn.warnings] };
}

/** What a reader of changes in revenue should beware of. */
export const revenueWarnings = async (db: Database, { rows, question }: Pick<Findings, 'rows' | 'question'>) =>
  rows.some(({ withheld }) => withheld === null) ? await db.read((client) => beforeFirstRevenue(client, question)) : [];

/** Revenue with the differences that both bands would have with the same mix of segments. */
async function withStandardised(db: Database, findings: Findings): Promise<Warned> {
  const { comparisons, method, warnings } = await standardise(db, findings);
  if (comparisons.length === 0) return { findings, warnings };
  const all = withQ([...findings.comparisons, ...comparisons]);
  return {
    findings: { ...findings, comparisons: all, tests: testsIn(all), method: findings.method + method },
    warnings,
  };
}

/** What a reader of the findings should beware of, besides what every answer warns of. */
export function outcomeWarnings({ left_out, question }: Pick<Findings, 'left_out' | 'question'>): string[] {
  const noRate = left_out.find(({ reason }) => reason === 'no_exchange_rate');
  return [
    ...(noRate
      ? [
          `${inResponses(noRate.responses)} ${noRate.responses === 1 ? 'is' : 'are'} left out because a payment has no exchange rate to ${question.state.currency}: send it to /v1/exchange-rates.`,
        ]
      : []),
    ...(question.group_by.includes('theme')
      ? ['A response with several themes counts in each of them, so groups do not add up to the whole.']
      : []),
  ];
}
