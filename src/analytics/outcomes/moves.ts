import type { Band as BandName } from '../../outcomes/cells.ts';
import type { Question } from '../question.ts';
import { type GroupKey, total } from '../sums.ts';
import { type Contrast, contrastOf, type Figure } from './figures.ts';
import { type Group, showingOf } from './groups.ts';
import type { Measure, OutcomeKind } from './measures.ts';

/** What a what-if question asks besides the question itself. */
export interface WhatIf {
  share: number;
  from_band: BandName;
  to_band: BandName;
}

/** What moving a share of a band of a group to another would go with, by one measure. */
export interface Move extends GroupKey {
  measure: string;
  /** Responses of the bands; null where they are hidden. */
  from_n: number | null;
  to_n: number | null;
  /** share x from_n */
  moved: number | null;
  contrast: Contrast;
  effect: Figure;
  withheld: string | null;
}

/** The moves of each group, by one measure; withheld where one of the two bands is. */
export function movesOf(
  groups: readonly Group[],
  question: Question,
  kind: OutcomeKind,
  measure: Measure,
  { share, from_band, to_band }: WhatIf,
): Move[] {
  const showing = showingOf(groups, question, kind);
  return groups.map((group) => {
    const from = group.bands.get(from_band);
    const to = group.bands.get(to_band);
    const sides = [from, to].map((band, at) => {
      const name = at === 0 ? from_band : to_band;
      if (!band) return { n: 0, withheld: `no ${name} answered` };
      const { hidden, withheld } = showing.get(band) ?? { hidden: true, withheld: null };
      return {
        n: hidden ? null : total(band.sums, kind.n),
        withheld: withheld === null ? null : `${name}s: ${withheld}`,
      };
    });
    const withheld = sides.find((side) => side.withheld !== null)?.withheld ?? null;
    const from_n = sides[0]?.n ?? null;
    const moved = from_n === null ? null : share * from_n;
    const contrast =
      from && to && withheld === null
        ? contrastOf(to, from, kind, measure)
        : { difference: null, low: null, high: null, p: null };
    const times = (figure: number | null) => (figure === null || moved === null ? null : moved * figure);
    return {
      survey: group.survey,
      groups: group.groups,
      measure: measure.name,
      from_n,
      to_n: sides[1]?.n ?? null,
      moved,
      contrast,
      effect: { value: times(contrast.difference), low: times(contrast.low), high: times(contrast.high) },
      withheld,
    };
  });
}
