import { bands } from '../../outcomes/cells.ts';
import { kaplanMeier, survivalAt } from '../../stats/survival.ts';
import { type AnswerRow, groupColumns, testsIn } from '../answer.ts';
import { groupsTold, tallySentence } from '../grouped-sentence.ts';
import { association } from '../outcomes/sentences.ts';
import type { Question } from '../question.ts';
import { counted, inGroup, listed, percent } from '../words.ts';
import type { CurveComparison } from './comparisons.ts';
import type { Followed, FollowedBand } from './followed.ts';

/** What the curves say: how many stayed, and whether promoters stayed longer. */
export function curveSentence(
  groups: Followed[],
  isTold: (band: FollowedBand) => boolean,
  comparisons: CurveComparison[],
  question: Question,
  asOf: Date | null,
): string {
  if (!asOf) return 'Nothing can be told: no retention events were sent yet. That is not the same as nobody leaving.';
  if (groups.length === 0) return 'No responses of customers with a running contract were found for this question.';
  const group = groups.find(({ bands: of }) => [...of.values()].some(isTold));
  if (!group) return 'Too few responses of customers with a running contract to draw a curve.';
  const tested = comparisons.filter(
    ({ band, against, result }) => band === 'promoter' && against === 'detractor' && result !== null,
  );
  if (tested.length > 1) return groupedSentence(groups, tested, testsIn(comparisons), question);

  const [only] = tested;
  const shown = only
    ? (groups.find(({ survey, groups: of }) => survey === only.survey && of === only.groups) ?? group)
    : group;
  const stayed = bands.toReversed().flatMap((name) => {
    const band = shown.bands.get(name);
    const end = band && isTold(band) ? survivalAt(kaplanMeier(band.rows), question.window_days) : null;
    return band && end ? [`${percent(end.survival)} of ${name}s (${counted(band.n)} followed)`] : [];
  });
  const survey = new Set(groups.map((one) => one.survey)).size > 1 ? ` of the survey '${shown.survey}'` : '';
  const where = `${survey}${inGroup(shown, question)}`;
  const days = `${question.window_days} days after answering`;
  const curve =
    stayed.length === 0
      ? `Nobody${where} was followed for ${question.window_days} days after answering yet.`
      : `${days}${where === '' ? '' : `,${where}`}, an estimated ${listed(stayed)} had not left.`;
  return only ? `${curve} ${testSentence(only)}` : curve;
}

/** Whether a test says that there is a difference. */
export const isClear = (p: number | null) => p !== null && p < 0.05;
/** More promoters left than expected if bands did not matter. */
const leftSooner = ({ result }: CurveComparison) => (result?.observed[0] ?? 0) > (result?.expected[0] ?? 0);

function testSentence(test: CurveComparison): string {
  return isClear(test.p)
    ? `Promoters stayed ${leftSooner(test) ? 'less long' : 'longer'} than detractors (${logRankP(test)}). ${association}`
    : `No difference between promoters and detractors was found (${logRankP(test)}).`;
}

/** `log-rank p < 0.001` */
export const logRankP = ({ p }: CurveComparison): string =>
  `log-rank ${p !== null && p < 0.001 ? 'p < 0.001' : `p = ${Number((p ?? 1).toPrecision(2))}`}`;

function groupedSentence(groups: Followed[], tested: CurveComparison[], tests: number, question: Question): string {
  const clear = tested.filter(({ q }) => isClear(q));
  const sooner = clear.filter(leftSooner).length;
  const rows: AnswerRow[] = groups.map((group) => groupColumns(group, question));
  const text = tallySentence({
    opening: `In the ${question.window_days} days after answering,`,
    more: { claim: 'promoters stayed longer than detractors', count: clear.length - sooner, example: '' },
    less: { claim: 'promoters stayed less long than detractors', again: 'less long', count: sooner, example: '' },
    none: 'no difference between promoters and detractors was found',
    told: tested.length,
    noun: groupsTold(rows, tested.length, question),
    tests,
  });
  return clear.length > 0 ? `${text} ${association}` : text;
}
