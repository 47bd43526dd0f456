import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { espalier } from '../support/command-line.ts';

describe('the command line', () => {
  it('lists its commands', async () => {
    const { code, stdout, stderr } = await espalier(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of ['inspect', 'data', 'eval', 'fold', 'bench', 'report']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  it('shows examples with the help of a command', async () => {
    const { code, stdout } = await espalier(['eval', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n.*\n {4}\$ espalier eval /);
  });

  it.each([
    [['evl'], "espalier: unknown command 'evl' (Did you mean eval?)\n"],
    [['data', 'gte'], "espalier: unknown command 'gte' (Did you mean get?)\n"],
    [['eval', 'm.onnx', '--dat', 'x'], "espalier: unknown option '--dat' (Did you mean --data?)\n"],
    [['eval', 'm.onnx'], 'espalier: missing --data <name>: see --help\n'],
    [
      ['eval', 'm.onnx', '--data', 'x', '--batch', '0'],
      'espalier: --batch: expected a whole number of at least 1, found "0"\n',
    ],
    [['inspect'], 'espalier: expected a model or --engine, found neither: see --help\n'],
    [['fold'], "espalier: missing required argument 'model'\n"],
  ])('answers %j with one line and exit code 2', async (args, line) => {
    expect(await espalier(args)).toEqual({ code: 2, stdout: '', stderr: line });
  });

  it('reports what failed with exit code 1, and as JSON where that is asked for', async () => {
    const message = '/nowhere/run: contains no run: recipe.json is missing';
    const { code, stdout, stderr } = await espalier(['report', '/nowhere/run', '--json']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `espalier: ${message}\n` });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'missing-file', message } });
  });

  it('shows the stack with ESPALIER_DEBUG=1', async () => {
    const { stderr } = await espalier(['report', '/nowhere/run'], { env: { ESPALIER_DEBUG: '1' } });
    expect(stderr).toMatch(/^espalier: .*recipe\.json is missing\nEspalierError: .*\n\s+at /);
  });

  it('ends without a word when nobody reads', async () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', main, '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
