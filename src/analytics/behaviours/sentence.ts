import type { AnswerRow } from '../answer.ts';
import { capital, counted, inPeriod, narrowedTo } from '../words.ts';
import type { Association } from './associations.ts';
import type { BehaviourQuestion } from './read.ts';

const ratingOf = (value: unknown) => Number(value).toFixed(2);
const inObservations = (n: unknown) => `${counted(Number(n))} ${n === 1 ? 'observation' : 'observations'}`;

/**
 * What is done best and least well, and whether it goes with what customers say and do, in words that a service manager
 * can repeat.
 * @param nameOf what people call a behaviour
 */
export function behavioursSentence(
  rows: readonly AnswerRow[],
  associations: readonly Association[],
  question: BehaviourQuestion,
  nameOf: (behaviour: string) => string,
): string {
  const text =
    rows.length === 0
      ? 'No observation of a behaviour was found for this question.'
      : `${ratingSentence(rows, question, nameOf)} ${associationSentence(associations, question, nameOf)}`;
  return scopedTo(text, question, nameOf);
}

function ratingSentence(
  rows: readonly AnswerRow[],
  { group_by }: BehaviourQuestion,
  nameOf: (behaviour: string) => string,
): string {
  const told = rows.filter(({ withheld }) => withheld === null);
  const sorted = told.toSorted((one, other) => Number(other.mean_rating) - Number(one.mean_rating));
  const [highest, lowest] = [sorted[0], sorted.at(-1)];
  if (!highest || !lowest) return 'Too few observations to tell a rating.';
  const groupOf = (row: AnswerRow) =>
    group_by.map((name) => (name === 'behaviour' ? `'${nameOf(String(row[name]))}'` : String(row[name]))).join(', ');
  const figure = (row: AnswerRow) => {
    const limits =
      row.mean_rating_low === null
        ? ''
        : `95% interval ${ratingOf(row.mean_rating_low)} to ${ratingOf(row.mean_rating_high)}; `;
    return `${ratingOf(row.mean_rating)} of 5 (${limits}${inObservations(row.observations)})`;
  };
  if (told.length === 1)
    return group_by.length === 0
      ? `Behaviours were rated ${figure(highest)} on average.`
      : `${capital(groupOf(highest))} was rated ${figure(highest)} on average.`;
  if (highest.mean_rating === lowest.mean_rating)
    return `All ${told.length} groups were rated ${ratingOf(highest.mean_rating)} of 5 on average.`;
  return `The mean rating was highest for ${groupOf(highest)}, ${figure(highest)}, and lowest for ${groupOf(lowest)}, ${figure(lowest)}.`;
}

function measureName({ measure, survey }: Association, window_days: number): string {
  if (measure === 'nps') return `the NPS of '${survey}'`;
  if (measure === 'mean_score') return `the score of '${survey}'`;
  return `retention in the ${window_days} days after answers to '${survey}'`;
}

function associationSentence(
  associations: readonly Association[],
  { window_days }: BehaviourQuestion,
  nameOf: (behaviour: string) => string,
): string {
  const tested = associations.filter(({ p }) => p !== null);
  if (tested.length === 0) return 'Whether ratings go with scores or with retention cannot be told yet.';
  const found = tested
    .filter(({ q }) => q !== null && q < 0.05)
    .sort((one, other) => Math.abs(other.spearman ?? 0) - Math.abs(one.spearman ?? 0));
  const [strongest] = found;
  const allowing = tested.length > 1 ? `, allowing for ${tested.length} tests at once` : '';
  if (!strongest)
    return `No association of ratings with scores or with retention was found by unit and month${allowing}.`;
  const { family, behaviour, spearman, low, high, unit_months, units } = strongest;
  const what = behaviour === null ? (family ?? 'what people did') : `'${nameOf(behaviour)}'`;
  // A low score may be the good one.
  const [up, down] = strongest.measure === 'mean_score' ? ['better', 'worse'] : ['higher', 'lower'];
  const interval = `95% interval ${Number(low).toFixed(2)} to ${Number(high).toFixed(2)}; ${unit_months} unit-months of ${units} units`;
  const count = found.length > 1 ? `, the strongest of ${found.length} associations` : '';
  return `In units and months in which ${what} was rated higher, ${measureName(strongest, window_days)} was ${Number(spearman) > 0 ? up : down} (rank correlation ${Number(spearman).toFixed(2)}, ${interval})${count}${allowing}. An association, not a cause.`;
}

/** The sentence with what the question was narrowed to before it. */
function scopedTo(
  text: string,
  { survey, family, behaviour, filters, from, to }: BehaviourQuestion,
  nameOf: (behaviour: string) => string,
): string {
  const only = [
    ...(behaviour === null ? [] : [`'${nameOf(behaviour)}'`]),
    ...Object.entries({ family, survey, ...filters }).flatMap(([name, value]) => (value ? [`${name} ${value}`] : [])),
    ...inPeriod('observed ', { from, to }),
  ];
  return narrowedTo(text, only);
}
