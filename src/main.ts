import closeWithGrace from 'close-with-grace';
import { readConfig } from './config.ts';
import { type Service, startService } from './start.ts';

const say = (message: string) => console.error(message);

let starting: Promise<Service> | undefined;

// From the first moment on, so that a start which is broken off leaves nothing running either. What runs is finished; a
// second signal, or the delay, ends it all the same.
const { uninstall } = closeWithGrace({ delay: 20_000 }, async ({ err }) => {
  if (err) say(`The service stops after an error: ${err.stack ?? err.message}`);
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
