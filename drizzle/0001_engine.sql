-- The start of the index response that a response belongs to: the first one stands for itself and for all that follow
-- within the window, the first one after that begins anew. Used as a window aggregate over (customer, survey) in the
-- order of the answers; strict, so the first answer is the first state.
CREATE FUNCTION index_start_step(held timestamptz, answered_at timestamptz, window_length interval) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF answered_at >= held + window_length THEN RETURN answered_at; END IF;
  RETURN held;
END $$;
--> statement-breakpoint
CREATE AGGREGATE index_start(timestamptz, interval) (
  SFUNC = index_start_step,
  STYPE = timestamptz,
  PARALLEL = SAFE
);
--> statement-breakpoint
INSERT INTO "settings" DEFAULT VALUES;
--> statement-breakpoint
INSERT INTO "installation" DEFAULT VALUES;
--> statement-breakpoint
-- Version 0 of the definition: the first refresh works everything out.
INSERT INTO "refresh_state" ("time_zone", "currency", "windows_days", "definition_version")
SELECT "time_zone", "currency", "windows_days", 0 FROM "settings";
