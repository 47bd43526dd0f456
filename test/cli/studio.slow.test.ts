import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const isBuilt = existsSync(at('dist/studio/page/index.html'));

/** `espalier studio …`: what it prints first, and its end after Ctrl-C. */
async function studio(args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', at('src/cli/main.ts'), 'studio', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      said.stdout += chunk;
      resolve();
    });
    void ended.then(() => resolve());
  });
  return { said, ended, interrupt: () => child.kill('SIGINT') };
}

describe.skipIf(!isBuilt)('espalier studio (needs the built page)', () => {
  it('prints its address and the token, serves the page, and ends with 130 at Ctrl-C', async () => {
    const folder = temporaryFolder();
    const { said, ended, interrupt } = await studio([folder, '--port', '0']);
    const [, url, token] =
      /^studio: (http:\/\/127\.0\.0\.1:\d+)\ntoken for starting and stopping runs: ([0-9a-f]{32})\npress/.exec(
        said.stdout,
      )!;
    expect(await (await fetch(url!)).text()).toContain('<title>Espalier Studio</title>');
    expect(await (await fetch(`${url}/api/runs`)).json()).toEqual({ folder, runs: [] });
    expect(token).not.toBe('');
    interrupt();
    expect(await ended).toBe(130);
  });

  it('prints one document with --json', async () => {
    const { said, ended, interrupt } = await studio(['--port', '0', '--json']);
    expect(JSON.parse(said.stdout)).toEqual({
      url: expect.stringMatching(/^http/),
      folder: null,
      token: null,
    });
    interrupt();
    expect(await ended).toBe(130);
    expect(said.stderr).not.toContain('{');
  });

  it('names a port that is used, with the flag', async () => {
    const first = await studio(['--port', '0', '--json']);
    const { port } = new URL((JSON.parse(first.said.stdout) as { url: string }).url);
    const { said, ended } = await studio(['--port', port]);
    expect(await ended).toBe(1);
    expect(said.stderr).toBe(
      `espalier: port ${port}: is used by another program: choose another --port, or 0 for a free one\n`,
    );
  });
});
