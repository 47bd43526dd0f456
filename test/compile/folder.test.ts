import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildModel, type CompiledHere, compile, isCompiledFolder, writeCompiled } from '../../src/index.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FILES = [
  'index.html',
  'model-relaxed.wasm',
  'model.bin',
  'model.d.ts',
  'model.js',
  'model.wasm',
  'package.json',
  'report.json',
];

interface Loaded {
  readonly module: string;
  readonly threads: number;
  readonly inputs: Readonly<Record<string, Float32Array & { readonly shape: readonly number[] }>>;
  readonly outputs: Readonly<Record<string, Float32Array & { readonly shape: readonly number[] }>>;
  run(): void;
}

/** The engine's own; types of browsers are not loaded here. */
const { WebAssembly: engine } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    validate(bytes: Uint8Array): boolean;
  };
};

type Load = (options?: { readonly weights?: unknown; readonly wasm?: unknown }) => Promise<Loaded>;

/** `load` of the script in a folder. */
const loaderIn = async (folder: string): Promise<Load> =>
  ((await import(pathToFileURL(join(folder, 'model.js')).href)) as { load: Load }).load;

const image = normals([1, 3, 8, 8], 5);

describe('a compiled folder', () => {
  let model: CompiledHere;
  let half: CompiledHere;
  let expected: Float32Array;
  beforeAll(async () => {
    model = await compile(plainNetwork(), { seconds: 0.01 });
    half = await compile(plainNetwork(), { seconds: 0, weights: 'float16' });
    expected = await outputOf(plainNetwork(), image);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  /** A new folder with the model. */
  const written = (what = model): string => {
    const folder = join(temporaryFolder(), 'compiled');
    writeCompiled(what, folder);
    return folder;
  };

  it('has a script that loads and runs the network in Node', async () => {
    const folder = written();
    expect(readdirSync(folder).sort()).toEqual(FILES);
    const { inputs, outputs, run } = await (await loaderIn(folder))();
    expect(inputs.input?.shape).toEqual([1, 3, 8, 8]);
    inputs.input?.set(image.data);
    run();
    expect(relativeError(outputs.logits!, expected)).toBeLessThan(1e-5);
    expect(outputs.logits?.slice().constructor).toBe(Float32Array);
  });

  it.each(['model.wasm', 'model-relaxed.wasm'])('is loaded from bytes, of %s too', async (module) => {
    const folder = written();
    const [weights, wasm] = ['model.bin', module].map((name) => readFileSync(join(folder, name)));
    const load = await loaderIn(folder);
    const compiledModule = new engine.Module(wasm!);
    for (const code of [wasm, compiledModule]) {
      const { inputs, outputs, run } = await load({ weights, wasm: code });
      inputs.input?.set(image.data);
      run();
      expect(relativeError(outputs.logits!, expected)).toBeLessThan(1e-5);
    }
  });

  it('decodes weights that are stored in float16', async () => {
    const folder = written(half);
    expect(readFileSync(join(folder, 'model.bin')).length).toBe(model.weights.bytes.length / 2);
    const { inputs, outputs, run } = await (await loaderIn(folder))();
    inputs.input?.set(image.data);
    run();
    const error = relativeError(outputs.logits!, expected);
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(5 * half.verification!.float16Error!);
  });

  it('takes baseline SIMD where the engine has no relaxed one, and says where it has neither', async () => {
    const load = await loaderIn(written());
    const validate = vi.spyOn(engine, 'validate');
    validate.mockReturnValueOnce(false);
    expect((await load()).module).toBe('baseline');
    validate.mockReturnValue(false);
    await expect(load()).rejects.toThrow(/no WebAssembly SIMD/);
  });

  it('refuses inputs and weights of another length', async () => {
    const folder = written();
    const load = await loaderIn(folder);
    const { inputs } = await load();
    expect(() => inputs.input?.set(new Float32Array(5))).toThrow(/input: expected 192 numbers.*found 5/);
    const bytes = model.weights.bytes.length;
    await expect(load({ weights: new Uint8Array(8) })).rejects.toThrow(`expected ${bytes} bytes, found 8`);
  });

  it('is run on all of its threads before it is written, and on one where memory is not shared', async () => {
    const threaded = await compile(plainNetwork(), { seconds: 0, threads: 2 });
    expect(threaded.verification?.threads).toBe(2);
    const load = await loaderIn(written(threaded));
    vi.stubGlobal('crossOriginIsolated', false);
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    for (let i = 0; i < 2; i++) expect((await load()).threads).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    const folder = written(threaded);
    writeCompiled(model, folder);
    expect(readdirSync(folder).sort()).toEqual(FILES);
  });

  it('has a report with kernel, work and time of each step', () => {
    const report = JSON.parse(readFileSync(join(written(), 'report.json'), 'utf8'));
    expect(report).toMatchObject({ name: 'plain', weights: { type: 'float32' } });
    expect(report.verification.error).toBeLessThan(1e-5);
    const conv2 = report.steps.find(({ name }: { name: string }) => name === 'conv2');
    // 12 filters of 8·3·3 on 4 by 4 pixels.
    expect(conv2).toMatchObject({ op: 'Conv', macs: 12 * 8 * 9 * 16, kernel: expect.any(String) });
    expect(conv2.gflops / conv2.shareOfPeak).toBeCloseTo(report.measured.peakGflops, 3);
  });

  it('is written over a compiled folder, whose other files stay', async () => {
    const folder = written(half);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    writeCompiled(model, folder);
    expect(readdirSync(folder).sort()).toEqual([...FILES, 'notes.txt'].sort());
    expect(readFileSync(join(folder, 'model.bin')).length).toBe(model.weights.bytes.length);
    expect(isCompiledFolder(folder)).toBe(true);
  });

  it('is not written over anything else', () => {
    const folder = temporaryFolder();
    const [other, file] = [join(folder, 'other'), join(folder, 'file')];
    mkdirSync(other);
    writeCompiled(model, other);
    expect(isCompiledFolder(folder)).toBe(false);
    expect(() => writeCompiled(model, folder)).toThrow(/found a folder with other files/);
    writeFileSync(file, '');
    expect(() => writeCompiled(model, file)).toThrow(/found a file/);
    expect(existsSync(join(folder, 'model.js'))).toBe(false);
  });

  it('leaves nothing behind where it cannot be written', () => {
    const folder = temporaryFolder();
    const taken = join(folder, 'file');
    writeFileSync(taken, '');
    expect(() => writeCompiled(model, join(taken, 'compiled'))).toThrow(/not a folder/);
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

it('downloads ResNet-20 in less than 60 kB, weights apart', async () => {
  const model = await compile(buildModel('resnet20'), { seconds: 0, verify: false });
  const folder = join(temporaryFolder(), 'resnet20');
  writeCompiled(model, folder);
  const bytes = (name: string) => gzipSync(readFileSync(join(folder, name))).length;
  expect(bytes('model.js') + bytes('model-relaxed.wasm')).toBeLessThan(60_000);
});
