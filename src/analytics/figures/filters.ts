import { Type } from 'typebox';
import { questionQuery } from '../schemas.ts';

/** What figures can be narrowed to: the parameters of their questions, in the same words. */
const { segment, region, moment, channel, theme, min_n } = questionQuery;

/** The survey of a figure about surveys: scores of different scales are never pooled. */
export const survey = Type.String({ minLength: 1, maxLength: 128, description: 'The survey.' });
export const responseFilters = { survey, segment, region, moment, channel, theme, min_n };
