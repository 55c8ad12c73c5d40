import type { Client } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';

/** How many drivers one question may ask about. */
const mostPredictors = 20;

/** A survey's scale, as far as scores are turned so that high is good. */
export interface Scale {
  survey: string;
  /** scale_min + scale_max where a low score is good: good = mirror - score. Null where a high one is. */
  mirror: number | null;
  satisfied_min: number;
  leaving: boolean;
}

/** What may drive the target: the scores of a survey, or only those that it got at one moment of truth. */
export interface Predictor extends Scale {
  /** As it was asked for. */
  driver: string;
  moment: string | null;
  /** The name of the moment or, without one, of the survey. */
  name: string;
}

/**
 * Reads `predictors=security,csat@check-in`: surveys, or surveys at a moment, separated by commas.
 * @throws ApiError 400 that names what may be given
 */
export async function readPredictors(client: Client, text: string): Promise<Predictor[]> {
  const drivers = text.split(',').map((one) => one.trim());
  if (drivers.length > mostPredictors || new Set(drivers).size < drivers.length)
    throw badParameter(
      'predictors',
      'bad_predictors',
      `predictors names up to ${mostPredictors} different surveys, or surveys at a moment (survey@moment), separated by commas.`,
    );
  const asked = drivers.map((driver) => ({ driver, at: driver.lastIndexOf('@') }));
  const before = asked.map(({ driver, at }) => (at < 0 ? driver : driver.slice(0, at)));
  const after = asked.map(({ driver, at }) => (at < 0 ? null : driver.slice(at + 1)));
  // A survey may have an @ in its key: the whole is tried first.
  const found = await client.rows<Predictor & { name: string }>(
    `select distinct on (k.place) k.driver, s.key as survey, case when s.key = k.driver then null else k.moment end as moment,
       coalesce(case when s.key <> k.driver then coalesce(m.name, k.moment) end, s.name) as name,
       case when not s.higher_is_better then s.scale_min + s.scale_max end as mirror, s.satisfied_min,
       s.triggered_by_leaving as leaving
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as k(driver, survey, moment, place)
     join surveys s on s.key = k.driver or (s.key = k.survey and k.moment <> '')
     left join moments m on m.key = k.moment
     order by k.place, s.key = k.driver desc`,
    [drivers, before, after],
  );
  const missing = drivers.find((driver) => !found.some((one) => one.driver === driver));
  if (missing !== undefined) {
    const known = await client.rows<{ key: string }>('select key from surveys order by key limit 50');
    throw badParameter(
      'predictors',
      'unknown_survey',
      `'${missing}' is no survey, nor a survey at a moment (survey@moment). There are the surveys ${known.map(({ key }) => key).join(', ')}.`,
    );
  }
  return found;
}

/** The scale of a survey that is known to exist. */
export async function readScale(client: Client, survey: string): Promise<Scale> {
  const [found] = await client.rows<Scale>(
    `select key as survey, case when not higher_is_better then scale_min + scale_max end as mirror, satisfied_min,
       triggered_by_leaving as leaving
     from surveys where key = $1`,
    [survey],
  );
  if (!found) throw new Error(`The survey '${survey}' went while it was asked about.`);
  return found;
}
