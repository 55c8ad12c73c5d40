import closeWithGrace from 'close-with-grace';
import { readConfig } from './config.ts';
import { startService } from './start.ts';

const say = (message: string) => console.error(message);

try {
  const service = await startService(readConfig(process.env), say);
  if (service.address) say(`Milemarker answers at ${service.address} (documentation: ${service.address}/docs).`);
  if (service.first_key) {
    say(`The first admin key, shown this once: ${service.first_key}`);
    say(`It is kept in ${service.key_file}, readable only by this user.`);
  }
  // What runs is finished; a second signal, or this time, ends it all the same.
  closeWithGrace({ delay: 20_000 }, async ({ err }) => {
    if (err) say(`The service stops after an error: ${err.stack ?? err.message}`);
    await service.stop();
  });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
