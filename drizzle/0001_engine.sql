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
--> statement-breakpoint
-- The behaviours that the service comes with: 27 in five families. They are changed and archived like any other.
INSERT INTO "behaviours" ("family", "key", "name", "description", "seeded")
SELECT "family", "key", "name", "description", true FROM (VALUES
  ('customer-first', 'welcome-customers', 'Make the first contact a good one', 'Customers are noticed at once and greeted as somebody who was expected.'),
  ('customer-first', 'establish-rapport', 'Establish rapport', 'Finds something in common and uses the customer''s name, so that two people talk and not a desk and a number.'),
  ('customer-first', 'keep-nobody-waiting', 'Keep nobody waiting', 'Serves at once, or says how long it takes and why.'),
  ('customer-first', 'rush-nobody', 'Rush nobody', 'Gives customers the time that they need, also with a queue behind them.'),
  ('customer-first', 'thank-customers', 'Thank customers', 'Thanks for the visit, the order and the complaint, and means it.'),
  ('customer-first', 'invite-back', 'Encourage customers to return', 'Ends with a reason to come again.'),
  ('customer-first', 'make-customers-special', 'Make customers feel special', 'Does a small thing that was not asked for and fits this customer.'),
  ('attitude', 'respect-customers', 'Respect the customer', 'Takes every customer seriously, whatever they buy, wear or know.'),
  ('attitude', 'stay-positive', 'Keep communication positive', 'Says what can be done before what cannot; blames nobody, in words, voice and face.'),
  ('attitude', 'be-professional', 'Be professional', 'Looks, speaks and writes as the customer may expect, and leaves a bad day outside.'),
  ('customer-needs', 'ask-until-clear', 'Ask until you understand', 'Asks on until the need can be said back in own words and the customer agrees.'),
  ('customer-needs', 'ask-direct-questions', 'Ask direct questions, put positively', 'Asks one clear thing at a time, in words that invite an answer.'),
  ('customer-needs', 'listen-actively', 'Listen actively', 'Lets customers finish, looks at them and sums up what was heard.'),
  ('customer-needs', 'ask-how-to-improve', 'Ask how to serve better', 'Asks what could have been better, and passes the answer on.'),
  ('relationships', 'be-fair', 'Be fair', 'Treats equal cases alike and explains what looks unequal.'),
  ('relationships', 'keep-your-word', 'Keep your word', 'Promises what can be kept, and does it by when it was promised.'),
  ('relationships', 'give-peace-of-mind', 'Provide peace of mind', 'Says what happens next and who sees to it, so that customers need not worry or ask again.'),
  ('relationships', 'seek-to-serve', 'Seek opportunities to serve', 'Offers help before it is asked for.'),
  ('relationships', 'know-products', 'Know products and services', 'Knows what is sold, what it is good for and what fits whom.'),
  ('relationships', 'admit-errors', 'Admit errors and gaps in knowledge', 'Says "we were wrong" and "I do not know, I will find out", and finds out.'),
  ('problem-resolution', 'empathise', 'Empathise', 'Shows that the customer''s feeling was understood before turning to the matter.'),
  ('problem-resolution', 'apologise', 'Apologise', 'Says sorry for what the customer went through, without an excuse attached.'),
  ('problem-resolution', 'take-ownership', 'Take ownership', 'Makes the problem one''s own until it is solved, and passes nobody around.'),
  ('problem-resolution', 'respond-in-time', 'Respond in a timely manner', 'Answers soon, with news also when there is none yet.'),
  ('problem-resolution', 'negotiate-win-win', 'Negotiate a solution good for both', 'Asks what would make it right and finds what both sides can live with.'),
  ('problem-resolution', 'take-nothing-personally', 'Take nothing personally', 'Stays calm with an angry customer, who is angry at the matter.'),
  ('problem-resolution', 'learn-from-problems', 'Treat problems as chances to learn', 'Writes down what went wrong and why, so that it does not happen to the next customer.')
) AS seeds("family", "key", "name", "description");
