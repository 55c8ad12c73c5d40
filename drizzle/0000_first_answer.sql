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
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"preset" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"replaced_by" uuid,
	CONSTRAINT "api_keys_prefix_key" UNIQUE("prefix"),
	CONSTRAINT "api_keys_scopes_not_empty" CHECK (cardinality("api_keys"."scopes") > 0)
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
	"ended_at" timestamp (3) with time zone
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
CREATE TABLE "dataset_progress" (
	"dataset" text PRIMARY KEY NOT NULL,
	"declared_through" timestamp (3) with time zone,
	"latest_at" timestamp (3) with time zone
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
	"stood_at" timestamp (3) with time zone,
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
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_replaced_by_fkey" FOREIGN KEY ("replaced_by") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "customers_changed_idx" ON "customers" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "exchange_rates_changed_idx" ON "exchange_rates" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "invitations_changed_idx" ON "invitations" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "invitations_customer_id_sent_at_idx" ON "invitations" USING btree ("customer_id","sent_at");--> statement-breakpoint
CREATE INDEX "invitations_sent_at_brin" ON "invitations" USING brin ("sent_at");--> statement-breakpoint
CREATE INDEX "referrals_changed_idx" ON "referrals" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "referrals_referrer_id_made_at_idx" ON "referrals" USING btree ("referrer_id","made_at");--> statement-breakpoint
CREATE INDEX "referrals_made_at_brin" ON "referrals" USING brin ("made_at");--> statement-breakpoint
CREATE INDEX "responses_changed_idx" ON "responses" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "responses_customer_id_answered_at_idx" ON "responses" USING btree ("customer_id","answered_at");--> statement-breakpoint
CREATE INDEX "responses_answered_at_brin" ON "responses" USING brin ("answered_at");--> statement-breakpoint
CREATE INDEX "retention_events_changed_idx" ON "retention_events" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "retention_events_customer_id_occurred_at_idx" ON "retention_events" USING btree ("customer_id","occurred_at");--> statement-breakpoint
CREATE INDEX "retention_events_occurred_at_brin" ON "retention_events" USING brin ("occurred_at");--> statement-breakpoint
CREATE INDEX "revenue_events_changed_idx" ON "revenue_events" USING btree ("changed_xid","id");--> statement-breakpoint
CREATE INDEX "revenue_events_customer_id_occurred_at_idx" ON "revenue_events" USING btree ("customer_id","occurred_at");--> statement-breakpoint
CREATE INDEX "revenue_events_occurred_at_brin" ON "revenue_events" USING brin ("occurred_at");--> statement-breakpoint
CREATE INDEX "surveys_changed_idx" ON "surveys" USING btree ("changed_xid","key");--> statement-breakpoint
CREATE INDEX "units_changed_idx" ON "units" USING btree ("changed_xid","key");--> statement-breakpoint
CREATE INDEX "audit_log_noun_key_idx" ON "audit_log" USING btree ("noun","key","id");--> statement-breakpoint
CREATE INDEX "tombstones_changed_idx" ON "tombstones" USING btree ("dataset","changed_xid","key");--> statement-breakpoint
CREATE INDEX "customer_months_customer_idx" ON "customer_months" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "events_waiting_idx" ON "events" USING btree ("id") WHERE "events"."fanned_out_at" is null;--> statement-breakpoint
CREATE INDEX "events_subject_idx" ON "events" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "idempotent_answers_answered_at_idx" ON "idempotent_answers" USING btree ("answered_at");--> statement-breakpoint
CREATE INDEX "response_outcomes_respondent_idx" ON "response_outcomes" USING btree ("respondent");--> statement-breakpoint
CREATE INDEX "response_outcomes_answered_at_idx" ON "response_outcomes" USING btree ("answered_at");