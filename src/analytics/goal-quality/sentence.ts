import { wilson } from '../../stats/intervals.ts';
import { counted, listed, percent } from '../words.ts';
import type { GoalsAsked, Quality } from './read.ts';
import { ruleNames, rules, threeTests } from './rules.ts';

const names = { focus: 'focus', teamwork: 'teamwork', intrinsic: 'intrinsic motivation' };
const goalsIn = (n: number) => `${counted(n)} ${n === 1 ? 'goal' : 'goals'}`;

/** What the three tests find in all goals that were asked for, in words. */
export function qualitySentence(groups: readonly Quality[], { unit, group_by, min_n }: GoalsAsked): string {
  const total = (name: Exclude<keyof Quality, 'groups'>) => groups.reduce((sum, group) => sum + group[name], 0);
  const goals = total('goals');
  const parts: string[] = [];
  if (goals === 0) parts.push('No goal is published, so nothing can be told of their quality.');
  else if (goals < min_n)
    parts.push(`Only ${goalsIn(goals)} ${goals === 1 ? 'is' : 'are'} published: too few to tell.`);
  else {
    const all = total('passed_all');
    const interval = wilson({ successes: all, n: goals });
    const limits = interval ? `, 95% interval ${percent(interval.low)} to ${percent(interval.high)}` : '';
    const each = threeTests.map((test) => `${names[test]} ${counted(total(`${test}_passed`))}`);
    parts.push(
      `Of ${counted(goals)} published ${goals === 1 ? 'goal' : 'goals'} ${counted(all)} ${all === 1 ? 'passes' : 'pass'} all three tests (${percent(all / goals)}${limits}): ${listed(each)}.`,
    );
    const exceptions = total('exceptions');
    if (exceptions > 0)
      parts.push(
        `${goalsIn(exceptions)} ${exceptions === 1 ? 'stands' : 'stand'} by an exception, though a test fails.`,
      );
    const most = ruleNames.map((rule) => ({ rule, n: total(rule) })).sort((one, other) => other.n - one.n)[0];
    if (most && most.n > 0) parts.push(`What is found most often: ${rules[most.rule]} (${goalsIn(most.n)}).`);
    parts.push(...lowest(groups, group_by));
  }
  const [drafts, failing] = [total('drafts'), total('drafts_failing')];
  if (drafts > 0)
    parts.push(
      `${counted(failing)} of ${counted(drafts)} ${drafts === 1 ? 'draft' : 'drafts'} would fail a test as ${drafts === 1 ? 'it is' : 'they are'}.`,
    );
  return `${unit === null ? '' : `Only unit ${unit}: `}${parts.join(' ')}`;
}

/** The group of which the least pass, where there is one. */
function lowest(groups: readonly Quality[], group_by: GoalsAsked['group_by']): string[] {
  const share = ({ passed_all, goals }: Quality) => passed_all / goals;
  const [least, next] = groups.filter(({ goals }) => goals > 0).sort((one, other) => share(one) - share(other));
  if (!least || !next || share(least) === share(next)) return [];
  const name = group_by
    .map((one, at) => {
      const value = least.groups[at] ?? null;
      if (one === 'year') return `in ${value}`;
      return value === null ? 'for the whole organisation' : `in unit ${value}`;
    })
    .join(' ');
  return [`The fewest pass ${name}, ${counted(least.passed_all)} of ${counted(least.goals)}.`];
}
