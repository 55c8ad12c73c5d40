import type { Database } from '../../db/pool.ts';
import { type Answer, type AnswerRow, alwaysFresh, groupValues, hiddenReason, usualWarnings } from '../answer.ts';
import { prepareQuestion, type QuestionParameters, readGroupBy, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { inPeriod, narrowedTo } from '../words.ts';
import { figuresOf, partsOf, peopleIn, type VoicePart } from './figures.ts';
import { readVoice, type Voice, type VoiceQuestion, voiceGroupings } from './read.ts';
import { voiceSentence } from './sentence.ts';

const definition = {
  id: 'employee_voice',
  version: 1,
  text: 'Suggestions that were made, obstacles that were raised and empowerment actions that were taken in the period, as they stand now; archived ones do not count. answered_rate = suggestions that have left the status new / suggestions. days_to_answer: Kaplan-Meier median from the suggestion to its first answer; one without an answer counts for as long as it waits. incorporated_rate = incorporated / answered. obstacles_fixed: of those raised in the period. days_to_fix: Kaplan-Meier median from raising to the fix; one that is not fixed counts for as long as it is there, also one that was declined, which is never fixed. within_limit_rate: of the actions whose value and limit are known. value: what the actions were worth, converted at the rate of their day. follow_up_avoided_rate: of the actions of which it is known.',
};

interface VoiceParameters extends Pick<QuestionParameters, 'unit' | 'from' | 'to' | 'min_n'> {
  group_by?: string;
}

/** What employees suggest, what is in their way, what they put right themselves, and what became of it. */
export async function employeeVoice(
  db: Database,
  { group_by: asked, ...given }: VoiceParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const group_by = readGroupBy(asked, voiceGroupings);
  const prepared = await prepareQuestion(db, given, reader);
  const question: VoiceQuestion = { ...prepared, group_by, now: new Date() };
  const voice = await db.read((client) => readVoice(client, question), { snapshot: true });
  const parts = partsOf(voice, group_by.length > 0);
  const hidden = hiddenParts(parts, question);
  const data = parts.map((part) => rowOf(part, hidden.has(part), question));
  const [whole] = partsOf(voice, false);
  const told = whole ? voiceSentence(whole, hiddenParts([whole], question).has(whole), question) : '';
  const { survey: _, ...parameters } = shownParameters(prepared, { currency: question.state.currency });
  return {
    question: 'analytics/employee-voice',
    reads_as: scopedTo(told, question),
    definition,
    parameters: { ...parameters, group_by, now: question.now.toISOString() },
    data,
    comparisons: [],
    left_out: leftOut(voice),
    fresh: alwaysFresh,
    method:
      'shares: Wilson; medians: Kaplan-Meier, interval where its log(-log) limits cross one half; what one employee does is taken as independent',
    warnings: usualWarnings(data, 0),
  };
}

const hiddenParts = (parts: readonly VoicePart[], { fewest_people }: VoiceQuestion): Set<VoicePart> =>
  hiddenRows(
    parts.map((part) => ({ row: part, people: peopleIn(part), lines: linesOf(part) })),
    fewest_people,
  );

function rowOf(part: VoicePart, isHidden: boolean, question: VoiceQuestion): AnswerRow {
  const { min_n } = question;
  const most = Math.max(part.suggestions.length, part.obstacles.length, part.actions.length);
  const few = most < min_n ? `fewer than ${min_n} suggestions, obstacles and actions` : null;
  return {
    ...groupValues(part, question),
    ...figuresOf(part, isHidden, min_n),
    withheld: isHidden ? hiddenReason(question) : few,
  };
}

/** Of each kind what is archived, and the actions whose value could not be converted. */
function leftOut({ archived, actions }: Voice): Answer['left_out'] {
  const no_rate = actions.filter((one) => one.no_rate).length;
  return [
    ...(archived.suggestions > 0 ? [{ reason: 'archived', suggestions: archived.suggestions }] : []),
    ...(archived.obstacles > 0 ? [{ reason: 'archived', obstacles: archived.obstacles }] : []),
    ...(archived.empowerment_actions > 0
      ? [{ reason: 'archived', empowerment_actions: archived.empowerment_actions }]
      : []),
    ...(no_rate > 0 ? [{ reason: 'value_without_exchange_rate', empowerment_actions: no_rate }] : []),
  ];
}

/** The sentence with what the question was narrowed to before it. */
function scopedTo(text: string, { filters, from, to }: VoiceQuestion): string {
  const only = [...(filters.unit === undefined ? [] : [`unit ${filters.unit}`]), ...inPeriod('', { from, to })];
  return narrowedTo(text, only);
}
