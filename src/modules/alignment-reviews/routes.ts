import type { Database } from '../../db/pool.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { alignmentReviews, checkReview } from './alignment-review.ts';

/** `/v1/alignment-reviews`. */
export const addAlignmentReviewRoutes = (app: Server, db: Database): void =>
  addNounPaths(app, db, alignmentReviews, {
    complete: checkReview,
    about: {
      create:
        'A question that is asked again is a new review, in the same area and words. `GET /v1/analytics/alignment` tells how much fits, and `GET /v1/analytics/alignment/due` what is to be asked again.',
      change: 'To mend a slip. When the answer has become another one, make a new review.',
      archive: 'One that should not have been: it counts in no answer. It can still be read.',
    },
  });
