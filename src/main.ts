import closeWithGrace from 'close-with-grace';
import { readConfig } from './config.ts';
import { loggable } from './http/logging.ts';
import { type Service, startService, stopsWithinMs } from './start.ts';

const say = (message: string) => console.error(message);

/** An error nobody expected, without the data that errors of the database hold. */
const told = (error: unknown) => {
  const { type, message, stack } = loggable(error);
  return `${type}: ${message}\n${stack}`;
};

let starting: Promise<Service> | undefined;

// From the first moment on, so that a start which is broken off leaves nothing running either. What runs is finished; a
// second signal, or the delay, ends it all the same.
const logger = { error: (said?: unknown) => say(typeof said === 'string' ? said : told(said)) };
const { uninstall } = closeWithGrace({ delay: stopsWithinMs, logger }, async ({ err }) => {
  if (err) say(`The service stops after an error: ${told(err)}`);
  const service = await starting?.catch(() => undefined);
  await service?.stop();
});

try {
  starting = startService(readConfig(process.env), say);
  const { address, first_key, key_file } = await starting;
  if (address) say(`Milemarker answers at ${address} (documentation: ${address}/docs).`);
  if (first_key) {
    say(`The first admin key, shown this once: ${first_key}`);
    say(`It is kept in ${key_file}, readable only by this user.`);
  }
} catch (error) {
  uninstall();
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
