import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseExecutor } from '../../src/runtime/choose.ts';
import { espalier } from '../support/command-line.ts';

const hasOnednn = await chooseExecutor('onednn').then(
  () => true,
  () => false,
);
const compiler = process.env.CC ?? 'cc';
const hasCompiler = spawnSync(compiler, ['--version']).status === 0;

async function engines(args: string[] = [], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await espalier(['inspect', ...args, '--engine', '--json'], { env });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('inspect --engine', () => {
  it('says that onnxruntime trains where oneDNN is missing, and why', async () => {
    const { engine } = await engines([], { ESPALIER_DNNL: '/nonexistent' });
    expect(engine.training).toMatchObject({ name: 'onnxruntime', path: null, kernels: null });
    expect(engine.training.reason).toContain('/nonexistent');
    expect(engine.training.version).toBe(engine.inference.version);
    expect(engine.inference.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(engine.givenLibrary).toBe('/nonexistent');
  });

  it.skipIf(!hasOnednn)('says what oneDNN is here', async () => {
    const { engine } = await engines();
    expect(engine.training).toMatchObject({
      name: 'onednn',
      version: expect.stringMatching(/^[23]\.\d+\.\d+$/),
    });
    expect(engine.training.kernels).toMatch(/^(jit|brg)/);
    expect(engine.training.block).toBe(/avx512/.test(engine.training.kernels) ? 16 : 8);
    expect(engine.training).not.toHaveProperty('reason');
  });

  it('shows a model beside the engines', async () => {
    const { engine, parameters, layers } = await engines(['espalier-demo'], {
      ESPALIER_DNNL: '/nonexistent',
    });
    expect(engine.inference.name).toBe('onnxruntime');
    expect(parameters).toBeGreaterThan(0);
    expect(layers.length).toBeGreaterThan(1);
  });

  it('is a usage error without a model or --engine', async () => {
    const { code, stderr } = await espalier(['inspect']);
    expect(code).toBe(2);
    expect(stderr).toContain('expected a model or --engine');
  });
});

describe.skipIf(!hasCompiler || process.platform !== 'linux')('a library that cannot be used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-dnnl-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Builds a library from C; its path. */
  function library(name: string, source: string): string {
    const path = join(folder, `${name}.so`);
    writeFileSync(join(folder, `${name}.c`), source);
    const built = spawnSync(compiler, ['-shared', '-fPIC', '-o', path, join(folder, `${name}.c`)]);
    expect(built.status, String(built.stderr)).toBe(0);
    return path;
  }

  const versioned = (major: number, runtime: number) => `
    static const struct { int major, minor, patch; const char *hash; unsigned cpu, gpu; } version =
      { ${major}, 5, 1, "abcdef", ${runtime}, 0 };
    const void *dnnl_version(void) { return &version; }`;

  it.each([
    ['of an unknown version', versioned(4, 2), 'expected oneDNN 2 or 3, found 4.5.1'],
    ['that needs a thread pool', versioned(3, 8), 'found threadpool'],
    ['that queues its work', versioned(2, 512), 'found SYCL'],
    ['that is no oneDNN', 'int other(void) { return 0; }', 'it lacks the function dnnl_version'],
    ['without a function', versioned(3, 2), /it lacks the function dnnl_\w+_create/],
  ])('%s is refused by name', async (what, source, reason) => {
    const path = library(what.replaceAll(' ', '-'), source);
    const { engine } = await engines([], { ESPALIER_DNNL: path });
    expect(engine.training.name).toBe('onnxruntime');
    expect(engine.training.reason).toMatch(reason);
  });
});
