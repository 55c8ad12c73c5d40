import type { WaitingMatches } from '../../matching/match.ts';

/** What an answer about problems says of responses that are not matched yet. */
export const matchingWarnings = ({ responses, problems }: WaitingMatches): string[] => [
  ...(responses > 0 ? ['Some responses were not looked at for problems yet; ask again shortly.'] : []),
  ...(problems.length > 0
    ? [
        `Still looked for in older responses: ${problems.slice(0, 5).join(', ')}${problems.length > 5 ? ' and others' : ''}. GET /v1/problems/{key} tells how far that is.`,
      ]
    : []),
];
