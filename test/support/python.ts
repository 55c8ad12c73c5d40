import { spawnSync } from 'node:child_process';

const looks = `import importlib.util, sys
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))`;

/**
 * A Python 3 that has all of these modules, for tests with clients that people use: the one that `TEST_PYTHON` names, else
 * the system's, else the first on the path. Modules are looked for and not loaded, since pandas alone takes a second.
 * @returns what to run; undefined where no interpreter has them all, and then a test says so and is skipped
 */
export function findPython(modules: readonly string[]): string | undefined {
  const candidates = [process.env.TEST_PYTHON || '/usr/bin/python3', '/usr/bin/python3', 'python3'];
  return candidates.find((python) => spawnSync(python, ['-c', looks, ...modules], { stdio: 'ignore' }).status === 0);
}
