import type { Client } from '../../db/pool.ts';
import type { BandCounts } from '../../stats/intervals.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import type { Question } from '../question.ts';
import { byGroup, fromCells, fromRows, type GroupKey, groupNames, keyOf, Statement, sourceOf } from '../sums.ts';

export type SurveyKind = 'nps' | 'csat' | 'ces' | 'custom';

/** Who answered, as far as it is known: what tells how alike the answers of a group are. */
export interface Answerers {
  /** Promoters less detractors, and responses, by the 32 groups of customers. */
  groups: readonly RatioGroup[];
  /** How many customers; null where only sums were read. An anonymous response is one. */
  people: number | null;
  /** Every customer answered the survey once in all that the question is about. */
  once: boolean;
}

/** How many responses of a group gave which score: enough for every figure about scores. */
export interface Scores extends GroupKey {
  kind: SurveyKind;
  counts: BandCounts;
  n: number;
  sum: number;
  squares: number;
  satisfied: number;
  /** Who gave them; null where nothing was read of that, and responses are taken as independent. */
  answerers: Answerers | null;
}

/** Reads how many responses of each group gave which score. */
export async function readScores(client: Client, question: Question): Promise<Scores[]> {
  const statement = new Statement();
  const source = sourceOf(question, 'score_cells');
  const cells = source.from === 'cells';
  const { from, where, groups } = cells
    ? fromCells(statement, 'score_cells', question, source.cuboid)
    : fromRows(statement, atShortest(question));
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const rows = await client.rows<
    { kind: SurveyKind; band: string; score: number; satisfied: boolean; n: number } & Record<string, unknown>
  >(
    `select c.survey, ${names} s.kind, c.band, c.score,
       case when s.higher_is_better then c.score else s.scale_min + s.scale_max - c.score end >= s.satisfied_min as satisfied,
       ${cells ? 'sum(c.responses)::int8' : 'count(*)'} as n
     from ${from} join surveys s on s.key = c.survey where ${where}
     group by c.survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} s.key, c.band, c.score
     having ${cells ? 'sum(c.responses)' : 'count(*)'} > 0`,
    statement.parameters,
  );
  const found = new Map<string, Scores>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const group = found.get(keyText(key)) ?? {
      ...key,
      kind: row.kind,
      counts: { promoters: 0, passives: 0, detractors: 0 },
      n: 0,
      sum: 0,
      squares: 0,
      satisfied: 0,
      answerers: null,
    };
    found.set(keyText(key), group);
    const band = row.band === 'promoter' ? 'promoters' : row.band === 'passive' ? 'passives' : 'detractors';
    group.counts[band] += row.n;
    group.n += row.n;
    group.sum += row.n * row.score;
    group.squares += row.n * row.score ** 2;
    if (row.satisfied) group.satisfied += row.n;
  }
  return [...found.values()].sort(byGroup);
}

/** A group as the key of a map. */
export const keyText = ({ survey, groups }: GroupKey) => JSON.stringify([survey, groups]);
/** Every response has an outcome a window: the shortest one speaks for it. */
export const atShortest = (question: Question): Question => ({
  ...question,
  window_days: Math.min(...question.state.windows_days),
});

/**
 * At least how many people stand behind the groups, for readers who do not see few of them; an anonymous response is
 * one. Where that would take reading every response while the scores do not, each response stands for somebody.
 */
export async function readPeople(client: Client, asked: Question): Promise<Map<string, number>> {
  const question = atShortest(asked);
  const source = sourceOf(question, 'outcome_cells');
  const cells = source.from === 'cells';
  if (question.fewest_people === 0 || (!cells && sourceOf(question, 'score_cells').from === 'cells')) return new Map();
  const statement = new Statement();
  const { from, where, groups } = cells
    ? fromCells(statement, 'outcome_cells', question, source.cuboid)
    : fromRows(statement, question);
  const held = cells ? `and c.responses > 0 and c.window_days = ${statement.param(question.window_days)}` : '';
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const rows = await client.rows<{ people: number } & Record<string, unknown>>(
    `select c.survey, ${names} count(distinct ${cells ? 'c.hash_group' : 'c.respondent'}) as people
     from ${from} where ${where} ${held}
     group by c.survey ${groups.map((_, at) => `, ${groupNames[at]}`).join('')}`,
    statement.parameters,
  );
  return new Map(rows.map((row) => [keyText(keyOf(row, question)), row.people]));
}
