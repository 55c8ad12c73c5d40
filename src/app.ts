import { addFigureRoutes } from './analytics/figures/routes.ts';
import { addQuestionRoutes } from './analytics/routes.ts';
import { addCatalogueRoutes } from './bi/catalogue/routes.ts';
import { addExportRoutes } from './bi/exports/routes.ts';
import { addOdataRoutes } from './bi/odata/routes.ts';
import type { Config } from './config.ts';
import { addDatasetRoutes } from './datasets/routes.ts';
import type { Database } from './db/pool.ts';
import { addHealth } from './http/health.ts';
import { newServer, type Server } from './http/server.ts';
import type { Keys } from './keys/find-key.ts';
import { keyRoutes } from './keys/routes.ts';
import { addAlignmentReviewRoutes } from './modules/alignment-reviews/routes.ts';
import { addAuditRoutes } from './modules/audit/routes.ts';
import { addBehaviourRoutes } from './modules/behaviours/routes.ts';
import { addDiscussionRoutes } from './modules/discussions/routes.ts';
import { addEmpowermentActionRoutes } from './modules/empowerment-actions/routes.ts';
import { addFollowUpRuleRoutes } from './modules/follow-up-rules/routes.ts';
import { addFollowUpRoutes } from './modules/follow-ups/routes.ts';
import { addGoalRoutes } from './modules/goals/routes.ts';
import { addJourneyRoutes } from './modules/journey/routes.ts';
import { addMetricsRoutes } from './modules/metrics/routes.ts';
import { addMomentRoutes } from './modules/moments/routes.ts';
import { addObstacleRoutes } from './modules/obstacles/routes.ts';
import { addProblemRoutes } from './modules/problems/routes.ts';
import { addSettingsRoutes } from './modules/settings/routes.ts';
import { addSuggestionRoutes } from './modules/suggestions/routes.ts';
import { addVisionCheckRoutes } from './modules/vision-checks/routes.ts';
import { addVisionRoutes } from './modules/visions/routes.ts';
import { addMileMarkerRoutes } from './scorecard/mile-markers/routes.ts';
import { addScorecardRoutes } from './scorecard/routes.ts';
import { webhooksOfContract } from './webhooks/event-types.ts';
import { addWebhookRoutes } from './webhooks/routes.ts';
import { targetsOf } from './webhooks/targets.ts';

export interface AppOptions {
  db: Database;
  keys: Keys;
  config: Pick<Config, 'log_level' | 'public_url'> & Partial<Config>;
  /** Signs cursors; the same for all api processes. */
  cursor_secret?: string;
  /** Checks every answer against its schema: for tests. */
  check_responses?: boolean;
  /** Where the log goes instead of standard output. */
  log_to?: { write(line: string): void };
}

const tags = [
  { name: 'Facts', description: 'What happened to customers: send it here, in any order, as often as you like.' },
  { name: 'Dimensions', description: 'What facts refer to: surveys, units and exchange rates.' },
  { name: 'Datasets', description: 'What there is to be read, and how far the facts go.' },
  { name: 'Outcomes', description: 'What feedback is worth.' },
  { name: 'Scores', description: 'What customers said.' },
  { name: 'Problems', description: 'What plagues customers, and what to fix first.' },
  { name: 'Money', description: 'What customers are worth, and why they leave.' },
  { name: 'Goals', description: 'What is to be reached on a mile marker, by when, and how it stands.' },
  { name: 'Moments', description: 'The moments of truth: where the opinion of a customer is made.' },
  { name: 'Mile markers', description: 'The metrics that tell whether you are on the way, and what they were.' },
  { name: 'Behaviours', description: 'What people do for customers, how well, and what it goes with.' },
  { name: 'Employee voice', description: 'What employees run into, suggest and put right on the spot.' },
  { name: 'Follow-ups', description: 'Whom to call, and what became of it.' },
  {
    name: 'Visions',
    description: 'The destination, and whether people know it and the organisation is aligned with it.',
  },
  { name: 'Changes', description: 'What changed since, for those who keep a copy.' },
  { name: 'BI', description: 'OData 4.0, for Power BI, Excel, Tableau and others, and whole sets as files.' },
  { name: 'Settings', description: 'What holds for the whole organisation.' },
  { name: 'Webhooks', description: 'Who is told of what happens, and what became of it.' },
  { name: 'API keys', description: 'Who may do what.' },
  { name: 'Health', description: 'For orchestrators and for monitoring.' },
];

/** Builds the whole service on a database that is migrated: every module on one page. It does not listen yet. */
export async function buildApp({
  db,
  keys,
  config,
  cursor_secret,
  check_responses,
  log_to,
}: AppOptions): Promise<Server> {
  const app = await newServer({
    ...config,
    tags,
    webhooks: webhooksOfContract,
    findKey: keys.findKey,
    knowsKey: keys.knowsKey,
    ...(cursor_secret !== undefined && { cursor_secret }),
    ...(check_responses !== undefined && { check_responses }),
    ...(log_to !== undefined && { log_to }),
  });
  addHealth(app, async () => {
    await db.read((client) => client.rows('select 1'));
  });
  addMetricsRoutes(app, db);
  keyRoutes(app, { db, keys });
  addSettingsRoutes(app, db);
  addAuditRoutes(app, db);
  addProblemRoutes(app, db);
  addMomentRoutes(app, db);
  addGoalRoutes(app, db);
  addDiscussionRoutes(app, db);
  addScorecardRoutes(app, db);
  addVisionRoutes(app, db);
  addVisionCheckRoutes(app, db);
  addBehaviourRoutes(app, db);
  addObstacleRoutes(app, db);
  addSuggestionRoutes(app, db);
  addEmpowermentActionRoutes(app, db);
  addAlignmentReviewRoutes(app, db);
  addDatasetRoutes(app, db);
  addFollowUpRuleRoutes(app, db);
  addFollowUpRoutes(app, db);
  addJourneyRoutes(app, db);
  addQuestionRoutes(app, db);
  addFigureRoutes(app);
  addMileMarkerRoutes(app, db);
  addCatalogueRoutes(app, db);
  addOdataRoutes(app, db);
  addExportRoutes(app, db, config);
  addWebhookRoutes(app, db, targetsOf(config.webhook_allow ?? []));
  return app;
}
