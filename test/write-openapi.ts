// Writes openapi/openapi.json from the routes: `npm run openapi`.
import { writeFileSync } from 'node:fs';
import { contract, contractFile } from './support/contract.ts';

writeFileSync(contractFile, `${JSON.stringify(await contract(), null, 2)}\n`);
