import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/onednn/engine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const source = (path: string) => JSON.stringify(resolve(root, 'src', path));

/** What a program prints, in a process whose home is an empty folder and whose environment has nothing of ours. */
async function printed(program: string, more: Readonly<Record<string, string>> = {}) {
  const home = temporaryFolder();
  const { ORT_DISABLE_TELEMETRY: _, OMP_WAIT_POLICY: __, GOMP_SPINCOUNT: ___, ...env } = process.env;
  mkdirSync(join(home, 'cache'));
  const places = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), TMPDIR: home };
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const { stdout } = await run(process.execPath, args, { env: { ...env, ...places, ...more }, cwd: root });
  return { stdout, left: readdirSync(join(home, 'cache')) };
}

const session = `
  const { createSession } = await import(${source('runtime/onnxruntime/session.ts')});
  const { identityModel } = await import(${source('runtime/identity-model.ts')});
  const session = await createSession(identityModel());
  await session.close();`;

describe('the environment of native libraries', () => {
  it('has telemetry of onnxruntime off: no folder appears in the cache', async () => {
    expect((await printed(session)).left).toEqual([]);
  });

  it('has it off in worker threads too', async () => {
    const inThread = `
      const { Worker } = await import('node:worker_threads');
      const worker = new Worker(${JSON.stringify(`(async () => { (await import('tsx/esm/api')).register();${session}})()`)}, { eval: true });
      await new Promise((done, fail) => worker.on('exit', done).on('error', fail));`;
    expect((await printed(inThread)).left).toEqual([]);
  });

  const waiting = `
    const { openEngine } = await import(${source('runtime/onednn/engine.ts')});
    const { koffi } = await openEngine();
    const getenv = koffi.load(null).func('const char *getenv(const char *name)');
    console.log(getenv('OMP_WAIT_POLICY'), getenv('GOMP_SPINCOUNT'));`;

  it('says how OpenMP waits when its library is loaded, unless the user does', async () => {
    if (!(await openEngine().catch(() => null))) return;
    const [ours, theirs] = await Promise.all([
      printed(waiting),
      printed(waiting, { OMP_WAIT_POLICY: 'active' }),
    ]);
    expect(ours.stdout.trim()).toBe('null 10000');
    expect(theirs.stdout.trim()).toBe('active null');
  });

  it('is prepared in the one module that loads each library', () => {
    const importing = (name: string) =>
      ['src', 'bench', 'test', 'scripts', 'examples'].flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && /\.m?[jt]s$/.test(entry.name))
          .map((entry) => join(entry.parentPath, entry.name))
          .filter((path) => loads(readFileSync(path, 'utf8'), name))
          .map((path) => path.slice(root.length)),
      );
    expect(importing('onnxruntime-node')).toEqual(['src/runtime/onnxruntime/session.ts']);
  });
});

const loads = (text: string, name: string): boolean =>
  new RegExp(`^import (?!type )[^;]*from '${name}'|import\\('${name}'\\)(?!\\[)`, 'm').test(text);
