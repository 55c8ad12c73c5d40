import type { Database } from '../../db/pool.ts';
import { withQ } from '../../stats/tests.ts';
import { type Answer, freshness, qMethod, testsIn, usualWarnings } from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { counted, scoped } from '../words.ts';
import { contrastOf } from './figures.ts';
import { type Comparison, comparisonRow, methodOf, rowsOf } from './findings.ts';
import { type Group, showingOf, throughOf } from './groups.ts';
import { invitedBands, landmarkDays, nonRespondent, readInvited, requireInvitedDimensions } from './invited.ts';
import { retentionKind } from './measures.ts';
import { nonRespondentSentence } from './non-respondents-sentence.ts';

const definition = {
  id: 'retention_of_invited',
  version: 1,
  text: `Share of index invitations whose customer, active ${landmarkDays} days after the invitation (the landmark), is active W days after the landmark, of those whose window has elapsed. Who answered the survey up to the landmark is followed from the same landmark as who did not, so that nobody has to have stayed longer to count as one who answered; who answers later counts as not having answered. An index invitation is the first one of a customer to a survey that did not bounce, then the first one at least W days after the last index invitation. Customers with retention events (contract) are judged by their last event up to the moment; all others (activity) by whether they bought again in the window. Who answered without having been invited is not here.`,
};

/** Retention with the fourth class beside the bands: customers who were invited and did not answer. */
export async function answerNonRespondents(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  requireInvitedDimensions(question);
  const through = throughOf(question, retentionKind);
  const invited = await db.read((client) => readInvited(client, question), { snapshot: true });
  const groups = through === null ? [] : invited.groups;
  const showing = showingOf(groups, question, retentionKind);
  const comparisons = comparisonsOf(groups, question);
  const tests = testsIn(comparisons);
  const { fresh, warnings } = freshness(question, through);
  const data = rowsOf(groups, question, retentionKind, showing);
  return {
    question: 'outcomes/retention',
    reads_as: scoped(nonRespondentSentence({ question, through, rows: data, comparisons, tests }), question),
    definition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: through?.toISOString() ?? question.as_of,
      nonrespondents: true,
      landmark_days: landmarkDays,
    }),
    data,
    comparisons: comparisons.map((comparison) => comparisonRow(comparison, question)),
    left_out: invited.left_out,
    fresh,
    method: `everybody from ${landmarkDays} days after the invitation; ${methodOf(groups, retentionKind)}${qMethod(tests)}`,
    warnings: [
      ...warnings,
      ...usualWarnings(data, tests),
      ...(invited.anonymous > 0
        ? [
            `${counted(invited.anonymous)} ${invited.anonymous === 1 ? 'answer is' : 'answers are'} anonymous: who gave ${invited.anonymous === 1 ? 'it counts' : 'them count'} as not having answered.`,
          ]
        : []),
    ],
  };
}

/** Each band against those who did not answer. */
function comparisonsOf(groups: readonly Group[], question: Question): Comparison[] {
  const showing = showingOf(groups, question, retentionKind);
  const isShown = (band: Parameters<typeof showing.get>[0]) => showing.get(band)?.withheld === null;
  const found = groups.flatMap((group) => {
    const against = group.bands.get(nonRespondent);
    if (!against || !isShown(against)) return [];
    return invitedBands.toReversed().flatMap((name) => {
      const band = group.bands.get(name);
      if (name === nonRespondent || !band || !isShown(band)) return [];
      return retentionKind.measures.map((measure) => ({
        survey: group.survey,
        groups: group.groups,
        measure: measure.name,
        band: name,
        against: nonRespondent,
        ...contrastOf(band, against, retentionKind, measure),
      }));
    });
  });
  return withQ(found);
}
