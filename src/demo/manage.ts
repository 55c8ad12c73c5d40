import { type Api, ask, unlessThere } from './api.ts';
import { dayMs, end } from './life.ts';

const moments = [
  { key: 'relationship', name: 'The whole of it', stage: 'loyalty', owner: 'customer office' },
  { key: 'delivery', name: 'The delivery', stage: 'delivery', channel: 'van', owner: 'logistics' },
  { key: 'assembly', name: 'The assembly at home', stage: 'delivery', channel: 'fitters', owner: 'logistics' },
];

const problems = [
  {
    key: 'late_delivery',
    name: 'Deliveries come late',
    phrases: ['days late', 'never came', 'third delivery date'],
    owner: 'logistics',
  },
  {
    key: 'broken_on_arrival',
    name: 'Goods arrive broken',
    phrases: ['broken corner', 'scratched', 'damaged'],
    owner: 'logistics',
  },
  {
    key: 'missing_parts',
    name: 'Parts are missing',
    phrases: ['screws were missing', 'half built', 'do not match the parts'],
    owner: 'assembly',
  },
  {
    key: 'nobody_knows',
    name: 'Nobody knows an answer',
    phrases: ['knew anything', 'passed on to four people'],
    owner: 'stores',
  },
  {
    key: 'slow_refund',
    name: 'Refunds take weeks',
    phrases: ['waited for my money'],
    themes: ['returns'],
    owner: 'customer office',
  },
];

/**
 * Makes what the company manages, beside the facts: its moments of truth, the problems that it looks for, and the rule by
 * which unhappy customers are called. What is there already stays.
 */
export async function manage(api: Api): Promise<void> {
  for (const body of moments) await unlessThere(ask(api, 'POST', '/v1/moments', { body }));
  for (const one of problems)
    await unlessThere(ask(api, 'POST', '/v1/problems', { body: { ...one, language: 'english' } }));
  // The facts end some time ago: whoever was unhappy in their last month is called today.
  const max_age_days = Math.ceil((Date.now() - end) / dayMs) + 30;
  const rule = { bands: ['detractor'], minimum_revenue: '250.00', due_hours: 48, max_age_days };
  await unlessThere(ask(api, 'PUT', '/v1/surveys/nps/follow-up-rule', { body: rule }));
}
