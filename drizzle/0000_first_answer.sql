CREATE TABLE "customers" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text,
	"email" text,
	"segment" text,
	"region" text,
	"unit" text,
	"acquired_at" timestamp (3) with time zone,
	"acquisition" text,
	"attributes" jsonb NOT NULL,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "exchange_rates" (
	"id" text PRIMARY KEY NOT NULL,
	"from_currency" text NOT NULL,
	"to_currency" text NOT NULL,
	"valid_on" date NOT NULL,
	"rate" numeric NOT NULL,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "exchange_rates_rate_finite" CHECK ("exchange_rates"."rate" > '-Infinity' and "exchange_rates"."rate" < 'Infinity')
);
--> statement-breakpoint
CREATE TABLE "invitations" (
	"id" text PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"survey" text NOT NULL,
	"moment" text,
	"unit" text,
	"sent_at" timestamp (3) with time zone NOT NULL,
	"status" text NOT NULL,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "readings" (
	"id" text PRIMARY KEY NOT NULL,
	"mile_marker" text NOT NULL,
	"unit" text,
	"period_start_on" date NOT NULL,
	"period_end_on" date NOT NULL,
	"value" double precision,
	"n" double precision,
	"numerator" double precision,
	"denominator" double precision,
	"standard_error" double precision,
	"note" text,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "readings_value_finite" CHECK ("readings"."value" > '-Infinity' and "readings"."value" < 'Infinity'),
	CONSTRAINT "readings_n_finite" CHECK ("readings"."n" > '-Infinity' and "readings"."n" < 'Infinity'),
	CONSTRAINT "readings_numerator_finite" CHECK ("readings"."numerator" > '-Infinity' and "readings"."numerator" < 'Infinity'),
	CONSTRAINT "readings_denominator_finite" CHECK ("readings"."denominator" > '-Infinity' and "readings"."denominator" < 'Infinity'),
	CONSTRAINT "readings_standard_error_finite" CHECK ("readings"."standard_error" > '-Infinity' and "readings"."standard_error" < 'Infinity')
);
--> statement-breakpoint
CREATE TABLE "referrals" (
	"id" text PRIMARY KEY NOT NULL,
	"referrer_id" text NOT NULL,
	"referred_id" text,
	"made_at" timestamp (3) with time zone NOT NULL,
	"converted_at" timestamp (3) with time zone,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "responses" (
	"id" text PRIMARY KEY NOT NULL,
	"customer_id" text,
	"survey" text NOT NULL,
	"score" double precision NOT NULL,
	"band" text NOT NULL,
	"comment" text,
	"themes" text[] NOT NULL,
	"moment" text,
	"unit" text,
	"employee" text,
	"channel" text,
	"answered_at" timestamp (3) with time zone NOT NULL,
	"segment" text,
	"region" text,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "responses_score_finite" CHECK ("responses"."score" > '-Infinity' and "responses"."score" < 'Infinity')
);
--> statement-breakpoint
CREATE TABLE "retention_events" (
	"id" text PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"type" text NOT NULL,
	"reason" text,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "revenue_events" (
	"id" text PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"type" text NOT NULL,
	"amount" numeric NOT NULL,
	"currency" text NOT NULL,
	"product" text,
	"unit" text,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "revenue_events_amount_finite" CHECK ("revenue_events"."amount" > '-Infinity' and "revenue_events"."amount" < 'Infinity')
);
--> statement-breakpoint
CREATE TABLE "surveys" (
	"key" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"question" text,
	"scale_min" double precision,
	"scale_max" double precision,
	"higher_is_better" boolean,
	"detractor_max" double precision,
	"promoter_min" double precision,
	"satisfied_min" double precision,
	"triggered_by_leaving" boolean,
	"language" text,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "surveys_scale_min_finite" CHECK ("surveys"."scale_min" > '-Infinity' and "surveys"."scale_min" < 'Infinity'),
	CONSTRAINT "surveys_scale_max_finite" CHECK ("surveys"."scale_max" > '-Infinity' and "surveys"."scale_max" < 'Infinity'),
	CONSTRAINT "surveys_detractor_max_finite" CHECK ("surveys"."detractor_max" > '-Infinity' and "surveys"."detractor_max" < 'Infinity'),
	CONSTRAINT "surveys_promoter_min_finite" CHECK ("surveys"."promoter_min" > '-Infinity' and "surveys"."promoter_min" < 'Infinity'),
	CONSTRAINT "surveys_satisfied_min_finite" CHECK ("surveys"."satisfied_min" > '-Infinity' and "surveys"."satisfied_min" < 'Infinity')
);
--> statement-breakpoint
CREATE TABLE "units" (
	"key" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"parent" text,
	"kind" text,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alignment_reviews" (
	"id" uuid PRIMARY KEY NOT NULL,
	"area" text NOT NULL,
	"question" text NOT NULL,
	"answer" text NOT NULL,
	"evidence" text,
	"owner" text,
	"unit" text,
	"reviewed_on" date NOT NULL,
	"next_review_on" date,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "alignment_reviews_answer_known" CHECK ("alignment_reviews"."answer" in ('yes', 'no')),
	CONSTRAINT "alignment_reviews_next_after" CHECK ("alignment_reviews"."next_review_on" > "alignment_reviews"."reviewed_on")
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"units" text[],
	"preset" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"replaced_by" uuid,
	CONSTRAINT "api_keys_prefix_key" UNIQUE("prefix"),
	CONSTRAINT "api_keys_scopes_not_empty" CHECK (cardinality("api_keys"."scopes") > 0),
	CONSTRAINT "api_keys_units_of_no_admin" CHECK ("api_keys"."units" is null or (cardinality("api_keys"."units") > 0 and not 'admin' = any("api_keys"."scopes")))
);
--> statement-breakpoint
CREATE TABLE "behaviour_observations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"behaviour" text NOT NULL,
	"unit" text NOT NULL,
	"rating" integer NOT NULL,
	"observed_at" timestamp (3) with time zone NOT NULL,
	"note" text,
	"observed_by" text,
	"employee" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "behaviour_observations_rating_known" CHECK ("behaviour_observations"."rating" between 1 and 5)
);
--> statement-breakpoint
CREATE TABLE "behaviours" (
	"key" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"family" text NOT NULL,
	"description" text,
	"seeded" boolean DEFAULT false NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"request_id" text,
	"action" text NOT NULL,
	"noun" text NOT NULL,
	"key" text NOT NULL,
	"before" jsonb,
	"after" jsonb
);
--> statement-breakpoint
CREATE TABLE "feed_horizons" (
	"dataset" text PRIMARY KEY NOT NULL,
	"below_xid" "xid8" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tombstones" (
	"dataset" text NOT NULL,
	"key" text NOT NULL,
	"removed_at" timestamp (3) with time zone NOT NULL,
	"changed_xid" "xid8" NOT NULL,
	CONSTRAINT "tombstones_pkey" PRIMARY KEY("dataset","key")
);
--> statement-breakpoint
CREATE TABLE "unit_departures" (
	"dataset" text NOT NULL,
	"key" text NOT NULL,
	"unit" text NOT NULL,
	"left_at" timestamp (3) with time zone NOT NULL,
	"changed_xid" "xid8" NOT NULL,
	CONSTRAINT "unit_departures_pkey" PRIMARY KEY("dataset","key","unit")
);
--> statement-breakpoint
CREATE TABLE "customer_months" (
	"customer_id" text NOT NULL,
	"month" date NOT NULL,
	"hash_group" smallint NOT NULL,
	"revenue" numeric NOT NULL,
	"orders" integer NOT NULL,
	"no_rate" integer NOT NULL,
	CONSTRAINT "customer_months_pkey" PRIMARY KEY("month","customer_id")
);
--> statement-breakpoint
CREATE TABLE "customer_standing" (
	"customer_id" text PRIMARY KEY NOT NULL,
	"hash_group" smallint NOT NULL,
	"trailing_revenue" numeric NOT NULL,
	"trailing_orders" integer NOT NULL,
	"no_rate" integer NOT NULL,
	"first_paid_at" timestamp (3) with time zone,
	"last_paid_at" timestamp (3) with time zone,
	"contract" text,
	"ended_at" timestamp (3) with time zone,
	"revenue_changes_at" timestamp (3) with time zone,
	"contract_changes_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "dirty_customers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dirty_customers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" text NOT NULL,
	"since" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "empowerment_actions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"by" text NOT NULL,
	"given" text NOT NULL,
	"customer_id" text,
	"unit" text,
	"value" numeric,
	"limit_amount" numeric,
	"currency" text,
	"within_limit" boolean,
	"follow_up_avoided" boolean,
	"follow_up" uuid,
	"acted_at" timestamp (3) with time zone NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "empowerment_actions_amounts" CHECK ("empowerment_actions"."value" >= 0 and "empowerment_actions"."limit_amount" >= 0),
	CONSTRAINT "empowerment_actions_currency" CHECK (("empowerment_actions"."currency" is not null) = ("empowerment_actions"."value" is not null or "empowerment_actions"."limit_amount" is not null)),
	CONSTRAINT "empowerment_actions_within_limit" CHECK ("empowerment_actions"."within_limit" is not distinct from ("empowerment_actions"."value" <= "empowerment_actions"."limit_amount"))
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"data" jsonb NOT NULL,
	"occurred_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"fanned_out_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "follow_up_rules" (
	"survey" text PRIMARY KEY NOT NULL,
	"bands" text[] NOT NULL,
	"minimum_revenue" numeric,
	"due_hours" integer NOT NULL,
	"max_age_days" integer NOT NULL,
	"active" boolean NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "follow_ups" (
	"id" uuid PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"survey" text,
	"unit" text,
	"response_ids" text[] DEFAULT '{}' NOT NULL,
	"origin" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"closed_as" text,
	"closing_note" text,
	"owner" text,
	"note" text,
	"problem" text,
	"promise" text,
	"promised_for" timestamp (3) with time zone,
	"promise_kept" boolean,
	"opened_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"first_due_at" timestamp (3) with time zone NOT NULL,
	"remind_at" timestamp (3) with time zone NOT NULL,
	"acknowledged_at" timestamp (3) with time zone,
	"contacted_at" timestamp (3) with time zone,
	"solution_offered_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone,
	"due_notified_at" timestamp (3) with time zone,
	"overdue_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "follow_ups_closed" CHECK (("follow_ups"."state" = 'closed') = ("follow_ups"."closed_as" is not null)),
	CONSTRAINT "follow_ups_closed_at" CHECK (("follow_ups"."state" = 'closed') = ("follow_ups"."closed_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "discussions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"discussed_on" date NOT NULL,
	"goals" text[] NOT NULL,
	"place" text,
	"unit" text,
	"actions" text,
	"note" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "goal_check_ins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"goal" uuid NOT NULL,
	"value" double precision,
	"confidence" integer,
	"note" text,
	"obstacles" text[] NOT NULL,
	"checked_in_by" text,
	"checked_in_at" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "goals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"mile_marker" text NOT NULL,
	"direction" text NOT NULL,
	"starts_on" date NOT NULL,
	"ends_on" date NOT NULL,
	"baseline" double precision,
	"target" double precision,
	"target_low" double precision,
	"target_high" double precision,
	"committed" double precision,
	"stretch" double precision,
	"unit" text,
	"owner" text,
	"discussed_every" text NOT NULL,
	"behaviours" text[] NOT NULL,
	"guard_mile_markers" text[] NOT NULL,
	"outcome_mile_marker" text,
	"gaming_risk" text,
	"accountable" text NOT NULL,
	"ranks_people" boolean NOT NULL,
	"reward" text NOT NULL,
	"ahead_below" double precision NOT NULL,
	"on_track_below" double precision NOT NULL,
	"behind_below" double precision NOT NULL,
	"declared_status" text,
	"declared_note" text,
	"focus" text NOT NULL,
	"teamwork" text NOT NULL,
	"intrinsic" text NOT NULL,
	"rules_not_passed" text[] NOT NULL,
	"published_at" timestamp (3) with time zone,
	"published_by" text,
	"exception" text,
	"dropped_at" timestamp (3) with time zone,
	"dropped_because" text,
	"state" text,
	"state_since" timestamp (3) with time zone,
	"stood_at" timestamp (3) with time zone,
	"value" double precision,
	"value_low" double precision,
	"value_high" double precision,
	"measured_from" date,
	"measured_to" date,
	"progress" double precision,
	"expected_progress" double precision,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "goals_days_in_order" CHECK ("goals"."starts_on" <= "goals"."ends_on"),
	CONSTRAINT "goals_target_fits_direction" CHECK (case when "goals"."direction" = 'within_range' then "goals"."target_low" < "goals"."target_high" and "goals"."target" is null else "goals"."target" is not null end),
	CONSTRAINT "goals_exception_of_published" CHECK ("goals"."exception" is null or "goals"."published_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "idempotent_answers" (
	"key_id" uuid NOT NULL,
	"operation" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer NOT NULL,
	"headers" jsonb NOT NULL,
	"body" jsonb NOT NULL,
	"answered_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotent_answers_pkey" PRIMARY KEY("key_id","operation","idempotency_key")
);
--> statement-breakpoint
CREATE TABLE "mile_markers" (
	"key" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"unit_of_measure" text NOT NULL,
	"direction" text NOT NULL,
	"source" text NOT NULL,
	"metric" text,
	"filters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"cadence" text NOT NULL,
	"interval_kind" text,
	"owner" text,
	"unit" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "mile_markers_direction_known" CHECK ("mile_markers"."direction" in ('higher_is_better', 'lower_is_better')),
	CONSTRAINT "mile_markers_cadence_known" CHECK ("mile_markers"."cadence" in ('day', 'week', 'month', 'quarter', 'year')),
	CONSTRAINT "mile_markers_source_whole" CHECK (("mile_markers"."source" = 'computed' and "mile_markers"."metric" is not null and "mile_markers"."interval_kind" is null)
        or ("mile_markers"."source" = 'readings' and "mile_markers"."metric" is null and ("mile_markers"."interval_kind" is null or "mile_markers"."interval_kind" in ('proportion', 'mean'))))
);
--> statement-breakpoint
CREATE TABLE "moments" (
	"key" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"stage" text,
	"channel" text,
	"owner" text,
	"policy_reviewed_on" date,
	"policy_verdict" text,
	"policy_finding" text,
	"next_review_on" date,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "moments_verdict_known" CHECK ("moments"."policy_verdict" in ('fits', 'partly', 'conflicts')),
	CONSTRAINT "moments_review_whole" CHECK (("moments"."policy_reviewed_on" is null) = ("moments"."policy_verdict" is null))
);
--> statement-breakpoint
CREATE TABLE "obstacles" (
	"id" uuid PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"description" text,
	"moment" text,
	"unit" text,
	"raised_by" text,
	"severity" text DEFAULT 'medium' NOT NULL,
	"status" text DEFAULT 'raised' NOT NULL,
	"declined_reason" text,
	"owner" text,
	"raised_at" timestamp (3) with time zone NOT NULL,
	"fixed_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "obstacles_severity_known" CHECK ("obstacles"."severity" in ('low', 'medium', 'high', 'critical')),
	CONSTRAINT "obstacles_status_known" CHECK ("obstacles"."status" in ('raised', 'accepted', 'fixing', 'fixed', 'declined')),
	CONSTRAINT "obstacles_fixed" CHECK (("obstacles"."status" = 'fixed') = ("obstacles"."fixed_at" is not null)),
	CONSTRAINT "obstacles_fixed_after" CHECK ("obstacles"."fixed_at" >= "obstacles"."raised_at"),
	CONSTRAINT "obstacles_declined" CHECK (("obstacles"."status" = 'declined') = ("obstacles"."declined_reason" is not null))
);
--> statement-breakpoint
CREATE TABLE "dataset_progress" (
	"dataset" text PRIMARY KEY NOT NULL,
	"declared_through" timestamp (3) with time zone,
	"latest_at" timestamp (3) with time zone,
	"earliest_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "dirty_respondents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dirty_respondents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"respondent" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outcome_cells" (
	"survey" text NOT NULL,
	"cuboid" text NOT NULL,
	"value" text NOT NULL,
	"band" text NOT NULL,
	"window_days" integer NOT NULL,
	"period" date NOT NULL,
	"hash_group" smallint NOT NULL,
	"responses" bigint NOT NULL,
	"anonymous" bigint NOT NULL,
	"leaving" bigint NOT NULL,
	"not_index" bigint NOT NULL,
	"revenue_open" bigint NOT NULL,
	"revenue_no_rate" bigint NOT NULL,
	"revenue_n" bigint NOT NULL,
	"revenue_after" numeric NOT NULL,
	"revenue_before" numeric NOT NULL,
	"orders" bigint NOT NULL,
	"repeaters" bigint NOT NULL,
	"referrals_open" bigint NOT NULL,
	"referrals_n" bigint NOT NULL,
	"referrals" bigint NOT NULL,
	"referrers" bigint NOT NULL,
	"conversions" bigint NOT NULL,
	"retention_open" bigint NOT NULL,
	"retention_not_active" bigint NOT NULL,
	"retention_n" bigint NOT NULL,
	"retention_contract_n" bigint NOT NULL,
	"retained" bigint NOT NULL,
	"curve_no_contract" bigint NOT NULL,
	"curve_not_active" bigint NOT NULL,
	CONSTRAINT "outcome_cells_pkey" PRIMARY KEY("survey","window_days","cuboid","value","period","band","hash_group")
);
--> statement-breakpoint
CREATE TABLE "refresh_state" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"snapshot" "pg_snapshot",
	"own_xid" "xid8",
	"revenue_through" timestamp (3) with time zone,
	"referrals_through" timestamp (3) with time zone,
	"retention_through" timestamp (3) with time zone,
	"time_zone" text NOT NULL,
	"currency" text NOT NULL,
	"windows_days" integer[] NOT NULL,
	"definition_version" integer NOT NULL,
	"dropped_cuboids" text[] DEFAULT '{}' NOT NULL,
	"refreshed_at" timestamp (3) with time zone,
	CONSTRAINT "refresh_state_one_row" CHECK ("refresh_state"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "response_outcomes" (
	"response_id" text NOT NULL,
	"window_days" integer NOT NULL,
	"respondent" text NOT NULL,
	"hash_group" smallint NOT NULL,
	"survey" text NOT NULL,
	"band" text NOT NULL,
	"score" double precision NOT NULL,
	"answered_at" timestamp (3) with time zone NOT NULL,
	"answered_on" date NOT NULL,
	"month" date NOT NULL,
	"unit" text NOT NULL,
	"segment" text NOT NULL,
	"region" text NOT NULL,
	"moment" text NOT NULL,
	"channel" text NOT NULL,
	"themes" text[] NOT NULL,
	"revenue_state" text NOT NULL,
	"revenue_after" numeric,
	"revenue_before" numeric,
	"orders_after" integer,
	"referrals_state" text NOT NULL,
	"referrals_after" integer,
	"conversions_after" integer,
	"retention_state" text NOT NULL,
	"retention_basis" text,
	"retained" boolean,
	"curve_state" text NOT NULL,
	"churned_after_days" integer,
	CONSTRAINT "response_outcomes_pkey" PRIMARY KEY("response_id","window_days")
);
--> statement-breakpoint
CREATE TABLE "score_cells" (
	"survey" text NOT NULL,
	"cuboid" text NOT NULL,
	"value" text NOT NULL,
	"band" text NOT NULL,
	"month" date NOT NULL,
	"score" double precision NOT NULL,
	"responses" bigint NOT NULL,
	CONSTRAINT "score_cells_pkey" PRIMARY KEY("survey","cuboid","value","month","band","score")
);
--> statement-breakpoint
CREATE TABLE "survival_cells" (
	"survey" text NOT NULL,
	"window_days" integer NOT NULL,
	"band" text NOT NULL,
	"answered_on" date NOT NULL,
	"churned_after_days" integer NOT NULL,
	"responses" bigint NOT NULL,
	CONSTRAINT "survival_cells_pkey" PRIMARY KEY("survey","window_days","band","answered_on","churned_after_days")
);
--> statement-breakpoint
CREATE TABLE "matching_state" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"told" "pg_snapshot",
	"telling" "pg_snapshot",
	"xid" "xid8" DEFAULT '0' NOT NULL,
	"key" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "problem_matching" (
	"problem" text PRIMARY KEY NOT NULL,
	"passed" text DEFAULT '' NOT NULL,
	"done" bigint DEFAULT 0 NOT NULL,
	"responses" bigint,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "problem_responses" (
	"response_id" text NOT NULL,
	"problem" text NOT NULL,
	"by_theme" boolean NOT NULL,
	"by_phrase" boolean NOT NULL,
	CONSTRAINT "problem_responses_pkey" PRIMARY KEY("response_id","problem")
);
--> statement-breakpoint
CREATE TABLE "problems" (
	"key" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"phrases" text[] DEFAULT '{}' NOT NULL,
	"themes" text[] DEFAULT '{}' NOT NULL,
	"language" text,
	"status" text DEFAULT 'open' NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"owner" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"cursor_secret" text DEFAULT replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') NOT NULL,
	CONSTRAINT "installation_one_row" CHECK ("installation"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"currency" text DEFAULT 'EUR' NOT NULL,
	"windows_days" integer[] DEFAULT '{90,180,365}' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "settings_one_row" CHECK ("settings"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "suggestion_votes" (
	"suggestion" uuid NOT NULL,
	"voter" text NOT NULL,
	"voted_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "suggestion_votes_pkey" PRIMARY KEY("suggestion","voter")
);
--> statement-breakpoint
CREATE TABLE "suggestions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"text" text NOT NULL,
	"by" text,
	"moment" text,
	"unit" text,
	"status" text DEFAULT 'new' NOT NULL,
	"answer" text,
	"obstacle" uuid,
	"made_at" timestamp (3) with time zone NOT NULL,
	"answered_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "suggestions_status_known" CHECK ("suggestions"."status" in ('new', 'considering', 'incorporated', 'declined')),
	CONSTRAINT "suggestions_answered" CHECK (("suggestions"."status" <> 'new') = ("suggestions"."answered_at" is not null)),
	CONSTRAINT "suggestions_answer" CHECK (("suggestions"."status" <> 'new') = ("suggestions"."answer" is not null)),
	CONSTRAINT "suggestions_answered_after" CHECK ("suggestions"."answered_at" >= "suggestions"."made_at")
);
--> statement-breakpoint
CREATE TABLE "vision_checks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"vision" uuid,
	"asked_on" date NOT NULL,
	"unit" text,
	"answers" jsonb NOT NULL,
	"consistent" boolean NOT NULL,
	"asked_by" text,
	"note" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "vision_checks_answered" CHECK (jsonb_typeof("vision_checks"."answers") = 'array' and jsonb_array_length("vision_checks"."answers") > 0)
);
--> statement-breakpoint
CREATE TABLE "visions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"statement" text NOT NULL,
	"present_state" text,
	"future_state" text,
	"is_simple" boolean,
	"names_the_service" boolean,
	"has_present_and_future" boolean,
	"stories" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"published_at" timestamp (3) with time zone,
	"superseded_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "visions_superseded" CHECK ("visions"."superseded_at" is null or "visions"."published_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "webhook_attempts" (
	"delivery_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"attempted_at" timestamp (3) with time zone NOT NULL,
	"took_ms" integer NOT NULL,
	"status" integer,
	"error" text,
	"response_excerpt" text,
	CONSTRAINT "webhook_attempts_pkey" PRIMARY KEY("delivery_id","number")
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"event_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"attempts_before" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp (3) with time zone DEFAULT now(),
	"lease" uuid,
	"leased_until" timestamp (3) with time zone,
	"last_attempt_at" timestamp (3) with time zone,
	"last_status" integer,
	"last_error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	CONSTRAINT "webhook_deliveries_event_endpoint_key" UNIQUE("event_id","endpoint_id"),
	CONSTRAINT "webhook_deliveries_state" CHECK ("webhook_deliveries"."state" in ('pending', 'failed', 'delivered', 'dead')),
	CONSTRAINT "webhook_deliveries_waits" CHECK (("webhook_deliveries"."next_at" is not null) = ("webhook_deliveries"."state" in ('pending', 'failed')))
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"id" uuid PRIMARY KEY NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"event_types" text[] NOT NULL,
	"status" text DEFAULT 'enabled' NOT NULL,
	"disabled_reason" text,
	"disabled_at" timestamp (3) with time zone,
	"failing_since" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "webhook_endpoints_status" CHECK ("webhook_endpoints"."status" in ('enabled', 'disabled')),
	CONSTRAINT "webhook_endpoints_event_types_not_empty" CHECK (cardinality("webhook_endpoints"."event_types") > 0)
);
--> statement-breakpoint
CREATE TABLE "webhook_secrets" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "webhook_secrets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"endpoint_id" uuid NOT NULL,
	"secret" text NOT NULL,
	"made_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ends_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_replaced_by_fkey" FOREIGN KEY ("replaced_by") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_delivery_fkey" FOREIGN KEY ("delivery_id") REFERENCES "public"."webhook_deliveries"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_fkey" FOREIGN KEY ("event_id") REFERENCES "public"."events"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_secrets" ADD CONSTRAINT "webhook_secrets_endpoint_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "customers_changed_idx" ON "customers" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "exchange_rates_changed_idx" ON "exchange_rates" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "invitations_changed_idx" ON "invitations" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "invitations_customer_id_sent_at_idx" ON "invitations" USING btree ("customer_id","sent_at");--> statement-breakpoint
CREATE INDEX "invitations_sent_at_brin" ON "invitations" USING brin ("sent_at") WITH (pages_per_range=16);--> statement-breakpoint
CREATE INDEX "readings_changed_idx" ON "readings" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "readings_mile_marker_period_start_on_idx" ON "readings" USING btree ("mile_marker","period_start_on");--> statement-breakpoint
CREATE INDEX "referrals_changed_idx" ON "referrals" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "referrals_referrer_id_made_at_idx" ON "referrals" USING btree ("referrer_id","made_at");--> statement-breakpoint
CREATE INDEX "referrals_made_at_brin" ON "referrals" USING brin ("made_at") WITH (pages_per_range=16);--> statement-breakpoint
CREATE INDEX "referrals_referred_id_idx" ON "referrals" USING btree ("referred_id");--> statement-breakpoint
CREATE INDEX "responses_changed_idx" ON "responses" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "responses_customer_id_answered_at_idx" ON "responses" USING btree ("customer_id","answered_at");--> statement-breakpoint
CREATE INDEX "responses_answered_at_brin" ON "responses" USING brin ("answered_at") WITH (pages_per_range=16);--> statement-breakpoint
CREATE INDEX "retention_events_changed_idx" ON "retention_events" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "retention_events_customer_id_occurred_at_idx" ON "retention_events" USING btree ("customer_id","occurred_at");--> statement-breakpoint
CREATE INDEX "retention_events_occurred_at_brin" ON "retention_events" USING brin ("occurred_at") WITH (pages_per_range=16);--> statement-breakpoint
CREATE INDEX "revenue_events_changed_idx" ON "revenue_events" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "revenue_events_customer_id_occurred_at_idx" ON "revenue_events" USING btree ("customer_id","occurred_at");--> statement-breakpoint
CREATE INDEX "revenue_events_occurred_at_brin" ON "revenue_events" USING brin ("occurred_at") WITH (pages_per_range=16);--> statement-breakpoint
CREATE INDEX "surveys_changed_idx" ON "surveys" USING btree ("changed_xid","key");--> statement-breakpoint
CREATE INDEX "units_changed_idx" ON "units" USING btree ("changed_xid","key");--> statement-breakpoint
CREATE INDEX "behaviour_observations_observed_at_idx" ON "behaviour_observations" USING btree ("observed_at");--> statement-breakpoint
CREATE INDEX "audit_log_noun_key_idx" ON "audit_log" USING btree ("noun","key","id");--> statement-breakpoint
CREATE INDEX "tombstones_changed_idx" ON "tombstones" USING btree ("dataset","changed_xid","key");--> statement-breakpoint
CREATE INDEX "unit_departures_changed_idx" ON "unit_departures" USING btree ("dataset","changed_xid","key");--> statement-breakpoint
CREATE INDEX "customer_months_customer_idx" ON "customer_months" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "customer_standing_revenue_changes_at_idx" ON "customer_standing" USING btree ("revenue_changes_at");--> statement-breakpoint
CREATE INDEX "customer_standing_contract_changes_at_idx" ON "customer_standing" USING btree ("contract_changes_at") WHERE "customer_standing"."contract_changes_at" is not null;--> statement-breakpoint
CREATE INDEX "empowerment_actions_acted_at_idx" ON "empowerment_actions" USING btree ("acted_at");--> statement-breakpoint
CREATE INDEX "empowerment_actions_customer_idx" ON "empowerment_actions" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "events_waiting_idx" ON "events" USING btree ("id") WHERE "events"."fanned_out_at" is null;--> statement-breakpoint
CREATE INDEX "events_subject_idx" ON "events" USING btree ("subject");--> statement-breakpoint
CREATE UNIQUE INDEX "follow_ups_open_customer_idx" ON "follow_ups" USING btree ("customer_id") WHERE "follow_ups"."state" <> 'closed';--> statement-breakpoint
CREATE INDEX "follow_ups_changed_idx" ON "follow_ups" USING btree ("changed_xid");--> statement-breakpoint
CREATE INDEX "follow_ups_customer_idx" ON "follow_ups" USING btree ("customer_id","opened_at");--> statement-breakpoint
CREATE INDEX "follow_ups_deadline_idx" ON "follow_ups" USING btree ("remind_at") WHERE "follow_ups"."state" <> 'closed' and "follow_ups"."overdue_at" is null;--> statement-breakpoint
CREATE INDEX "discussions_goals_idx" ON "discussions" USING gin ("goals");--> statement-breakpoint
CREATE INDEX "goal_check_ins_goal_idx" ON "goal_check_ins" USING btree ("goal","id");--> statement-breakpoint
CREATE INDEX "goals_mile_marker_idx" ON "goals" USING btree ("mile_marker");--> statement-breakpoint
CREATE INDEX "goals_stood_at_idx" ON "goals" USING btree ("stood_at") WHERE "goals"."published_at" is not null and "goals"."archived_at" is null;--> statement-breakpoint
CREATE INDEX "idempotent_answers_answered_at_idx" ON "idempotent_answers" USING btree ("answered_at");--> statement-breakpoint
CREATE INDEX "obstacles_raised_at_idx" ON "obstacles" USING btree ("raised_at");--> statement-breakpoint
CREATE INDEX "response_outcomes_respondent_idx" ON "response_outcomes" USING btree ("respondent");--> statement-breakpoint
CREATE INDEX "response_outcomes_answered_at_idx" ON "response_outcomes" USING btree ("answered_at");--> statement-breakpoint
CREATE INDEX "response_outcomes_answered_on_idx" ON "response_outcomes" USING btree ("answered_on","window_days");--> statement-breakpoint
CREATE INDEX "problem_matching_unfinished_idx" ON "problem_matching" USING btree ("passed") WHERE "problem_matching"."finished_at" is null;--> statement-breakpoint
CREATE INDEX "problem_responses_problem_idx" ON "problem_responses" USING btree ("problem");--> statement-breakpoint
CREATE INDEX "suggestions_made_at_idx" ON "suggestions" USING btree ("made_at");--> statement-breakpoint
CREATE UNIQUE INDEX "visions_current_idx" ON "visions" USING btree ((true)) WHERE "visions"."published_at" is not null and "visions"."superseded_at" is null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due_idx" ON "webhook_deliveries" USING btree ("endpoint_id","next_at") WHERE "webhook_deliveries"."next_at" is not null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_made_idx" ON "webhook_deliveries" USING btree ("endpoint_id","created_at","id");--> statement-breakpoint
CREATE INDEX "webhook_secrets_endpoint_idx" ON "webhook_secrets" USING btree ("endpoint_id");