import type { Client, Database } from '../../db/pool.ts';
import { badParameter, notFound } from '../../errors.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  qMethod,
  rounded,
  testsIn,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { type AroundFix, aroundFix, shortened } from '../around-fix.ts';
import { contrastColumns } from '../columns.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { compareEffects, figureOf, isHiddenSide } from './effect-figures.ts';
import { effectSentence } from './effect-sentence.ts';
import { type EffectRead, measures, periods, readEffect, type SurveyEffect, sides } from './effect-sums.ts';

const definition = {
  id: 'obstacle_effect',
  version: 1,
  text: 'Responses about the moment of truth of the obstacle in the days before its fix and in as many days from the fix on, beside responses about all other moments in the same periods; other moments of which an obstacle was fixed in these periods do not count. satisfied_rate, nps and mean_score are of all responses. retention_rate and revenue_after are of index responses whose window has elapsed; the window of a response shortly before the fix reaches past it, which makes a difference look smaller. change = after - before at the moment; others_change = the same at the others; difference_in_differences = change - others_change: what the other moments did not go through too.',
};

interface ObstacleEffectParameters extends Omit<QuestionParameters, 'group_by' | 'from' | 'to' | 'as_of'> {
  id: string;
  fixed_at?: string;
  days?: number;
}

interface Obstacle {
  id: string;
  title: string;
  moment: string | null;
  unit: string | null;
  fixed_at: Date | null;
}

/** What became of the moment of an obstacle after it was fixed, against the other moments at the same time. */
export async function obstacleEffect(
  db: Database,
  { id, moment: asked_moment, fixed_at, days = 90, ...given }: ObstacleEffectParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const obstacle = await db.read((client) => getObstacle(client, id));
  const moment = asked_moment ?? obstacle.moment;
  if (moment === null)
    throw badParameter(
      'moment',
      'no_moment',
      `The obstacle names no moment of truth at which its fix could be measured. Give moment, or name it: PATCH /v1/obstacles/${id} with {"moment":"..."}.`,
    );
  const unit = given.unit ?? obstacle.unit;
  const question = await prepareQuestion(db, { ...given, ...(unit !== null && { unit }) }, reader);
  const { around, read, place } = await db.read(
    async (client) => {
      const around = await aroundFix(client, question, {
        given: fixed_at,
        recorded: obstacle.fixed_at,
        days,
        missing: `The obstacle is not fixed, so there is no fix whose effect could be measured. Give fixed_at, or say that it is fixed: PATCH /v1/obstacles/${id} with {"status":"fixed"}.`,
      });
      const [named] = await client.rows<{ name: string }>('select name from moments where key = $1', [moment]);
      return {
        around,
        read: await readEffect(client, question, { id, moment }, around),
        place: `'${named?.name ?? moment}'`,
      };
    },
    { snapshot: true },
  );
  const compared = compareEffects(read.surveys, question);
  const tests = testsIn(compared);
  const data = read.surveys.flatMap((effect) => rowsOf(effect, around, question));
  const { fresh, warnings } = freshness(question, question.responses_through);
  const {
    group_by: _,
    from: __,
    to: ___,
    ...parameters
  } = shownParameters(question, {
    id,
    moment,
    fixed_at: around.fixed_at.toISOString(),
    days: around.days,
    window_days: question.window_days,
    currency: question.state.currency,
    others: read.others.slice(0, mostNames),
  });
  return {
    question: 'analytics/obstacles/effect',
    reads_as: scoped(
      effectSentence({ title: obstacle.title, place, ...around }, read.surveys, compared, question),
      question,
    ),
    definition,
    parameters,
    data,
    comparisons: compared.map(({ survey, measure, contrast, ...tested }) => ({
      survey,
      measure,
      contrast,
      ...contrastColumns(tested),
    })),
    left_out: [
      { reason: 'no_moment', responses: read.no_moment },
      { reason: 'another_fix', responses: read.another_fix },
    ].filter(({ responses }) => responses > 0),
    fresh,
    method: `where nobody answered twice: shares by Wilson and Newcombe, NPS by the adjusted Wald interval, means by t, differences of means and of differences by Welch and Satterthwaite; else a delete-a-group jackknife over 32 groups of customers${qMethod(tests)}`,
    warnings: [...warnings, ...ownWarnings(read, around, days), ...usualWarnings(data, tests)],
  };
}

/** How many other moments the parameters name. */
const mostNames = 50;

async function getObstacle(client: Client, id: string): Promise<Obstacle> {
  const [found] = await client.rows<Obstacle>(
    'select id, title, moment, unit, fixed_at from obstacles where id = $1 and archived_at is null',
    [id],
  );
  if (!found) throw notFound('obstacle', id);
  return found;
}

function rowsOf(effect: SurveyEffect, { from, fixed_at, to }: AroundFix, question: Question): AnswerRow[] {
  return sides.flatMap((side) => {
    const isHidden = isHiddenSide(effect, side, question);
    return periods.map((period): AnswerRow => {
      const { n, means } = effect.cells[side][period];
      const figures = measures.flatMap((measure) => {
        const { value, low, high } = figureOf(effect, { side, period, measure }, question);
        const count = measure === 'retention_rate' ? 'retention_n' : measure === 'revenue_after' ? 'revenue_n' : null;
        return [
          ...(count ? [[count, isHidden ? null : means[measure].n]] : []),
          [measure, rounded(value)],
          [`${measure}_low`, rounded(low)],
          [`${measure}_high`, rounded(high)],
        ];
      });
      return {
        survey: effect.survey,
        side,
        period,
        from: (period === 'before' ? from : fixed_at).toISOString(),
        to: (period === 'before' ? fixed_at : to).toISOString(),
        responses: isHidden ? null : n,
        ...Object.fromEntries(figures),
        withheld: withheldReason(n, isHidden, question),
      };
    });
  });
}

function ownWarnings({ others, fixed_too }: EffectRead, around: AroundFix, days: number): string[] {
  return [
    ...shortened(around, days),
    ...(around.days > 0 && others.length === 0
      ? ['There is no other moment to compare with, so what else changed at the time is not taken into account.']
      : []),
    ...(fixed_too > 0
      ? [
          `${fixed_too === 1 ? 'Another obstacle' : `${fixed_too} other obstacles`} of the same moment ${fixed_too === 1 ? 'was' : 'were'} fixed in these periods: their effects cannot be told apart.`,
        ]
      : []),
  ];
}
