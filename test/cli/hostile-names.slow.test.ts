import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/run.ts';
import type { Graph, Value } from '../../src/graph/graph.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { killFilters, residualNetwork } from '../support/small-network.ts';

/** What a terminal obeys, what a page obeys, and line breaks that forge a line of their own. */
const FORGED = 'forged: all is well';
const HOSTILE = `\x1b[31m\x07\b\u202e\u2066\u009b2J\x7f<img src=x onerror=alert(1)>"'&\r\n${FORGED}\u2028`;
/** Control characters but line feed, and marks of direction. */
const OBEYED = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

const folder = mkdtempSync(join(tmpdir(), 'espalier-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const place = join(folder, 'a\x1b[2Jfolder\nforged: by a path');
const at = (...parts: string[]) => join(place, ...parts);
const images = join(folder, 'images');
const model = at('model.onnx');

/** The same network under hostile names: of nodes, values, dimensions, the graph. */
function hostile(graph: Graph): Graph {
  const values = new Set<Value>([
    ...graph.inputs,
    ...graph.initializers,
    ...graph.nodes.flatMap(({ outputs }) => outputs.filter((value) => value !== null)),
  ]);
  for (const value of values) value.name = `${HOSTILE}${value.name}`;
  for (const node of graph.nodes) node.name = `${HOSTILE}${node.name}`;
  graph.name = HOSTILE;
  return graph;
}

const training = [
  ...['--data', images, '--mean', '0.5,0.5,0.5', '--std', '0.25,0.25,0.25', '--batch', '8', '--threads', '1'],
  ...['--executor', 'onnxruntime', '--lr', '0.01', '--epochs', '1'],
];
const calibrating = training.slice(0, 6);

beforeAll(async () => {
  mkdirSync(place);
  const graph = residualNetwork({ classes: 3 });
  killFilters(graph, 'block.conv1', [1, 3]);
  writeModelFile(hostile(graph), model);
  await writeImageFolder(images, { count: 16, size: 8, classes: 3, seed: 1 });
  const steps = [{ name: 'cut', do: 'fold', model: '$in', options: {} }];
  writeFileSync(at('recipe.json'), JSON.stringify({ name: HOSTILE, steps }));
  writeFileSync(
    at('no-recipe.json'),
    JSON.stringify({ name: 'n', steps: [{ do: HOSTILE, model: HOSTILE }] }),
  );
}, 60_000);

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function espalier(args: readonly string[]): Promise<Printed> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runCommandLine(args), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

function expectHarmless({ stdout, stderr }: Printed): void {
  for (const text of [stdout, stderr]) {
    expect(OBEYED.exec(text)?.[0] ?? null, JSON.stringify(text.slice(0, 2000))).toBe(null);
    expect(text.split('\n').filter((line) => /^\s*forged/.test(line))).toEqual([]);
  }
}

/** Command lines that succeed. */
const works: readonly (readonly string[])[] = [
  ['inspect', model],
  ['inspect', model, '--entropy'],
  ['fold', model, '--out', at('folded.onnx')],
  ['rmnet', model, '--out', at('plain.onnx')],
  ['prune', model, '--ratio', '0.3', '--plan'],
  ['prune', model, '--explain', '*'],
  ['prune', model, '--ratio', '0.3', '--out', at('pruned.onnx')],
  ['prune', model, '--macs', '0.6', '--out', at('run-pruned'), ...training, '--bench-seconds', '0.01'],
  ['prune', model, '--ratio', '0.3', ...calibrating, '--out', at('recovered.onnx')],
  ['deploy', model, '--plan'],
  ['deploy', model, '--seconds', '0.01', '--no-cache', '--out', at('run-deployed')],
  ['deploy', model, '--int8', ...calibrating, '--seconds', '0.01', '--no-cache', '--out', at('int8.onnx')],
  ['sensitivity', model, ...calibrating, '--out', at('sensitivity')],
  ['train', model, ...training, '--out', at('run-trained')],
  ['swp', model, ...training, '--macs', '0.8', '--bench-seconds', '0.01', '--out', at('run-swp')],
  ['eval', model, ...calibrating],
  ['bench', model, '--seconds', '0.01'],
  ['run', at('recipe.json'), model, '--out', at('run-recipe'), '--dry-run'],
  ['run', at('recipe.json'), model, '--out', at('run-recipe')],
  ['report', at('run-trained')],
];

/** Command lines that fail, each with one line. */
const fails: readonly (readonly string[])[] = [
  [HOSTILE],
  ['inspect', `${HOSTILE}.onnx`],
  ['inspect', `--${HOSTILE}`],
  ['inspect', HOSTILE],
  ['prune', model, '--ratio', HOSTILE, '--out', at('x.onnx')],
  ['prune', model, '--ratio', '0.3', '--exclude', HOSTILE, '--out', at('x.onnx')],
  ['prune', model, '--explain', `${HOSTILE}conv`],
  ['deploy', model, '--int8', '--data', HOSTILE, '--out', at('x.onnx')],
  ['eval', model, ...calibrating, '--logits', HOSTILE],
  ['train', model, ...training, '--resume', at(HOSTILE.replaceAll('/', ''))],
  ['run', at('no-recipe.json'), '--out', at('x')],
  ['worker', '--redis', `redis://user:secret@${HOSTILE}`],
];

describe('names from files', () => {
  it.each(works.map((args) => [args.slice(0, 4).join(' ').replaceAll(place, ''), args] as const))(
    'are harmless in %j',
    async (_, args) => {
      const printed = await espalier(args);
      expect(printed.stderr.split('\n').at(-2) ?? '').not.toMatch(/^espalier:/);
      expect(printed.code).toBe(0);
      expectHarmless(printed);
    },
    180_000,
  );

  it.each(fails.map((args) => [args[0] === HOSTILE ? 'a command' : args[0]!, args] as const))(
    'are harmless in what %s refuses',
    async (_, args) => {
      const printed = await espalier(args);
      expect(printed.code).toBeGreaterThan(0);
      expectHarmless(printed);
      expect(printed.stderr).not.toMatch(/internal|secret/);
      expect(printed.stderr.split('\n').filter((line) => line.startsWith('espalier: '))).toHaveLength(1);
      const { stdout } = await espalier([...args, '--json']);
      expect(OBEYED.test(stdout)).toBe(false);
      expect(JSON.parse(stdout)).toHaveProperty('error.message');
    },
    180_000,
  );

  it('are what they were in JSON', async () => {
    const printed = await espalier(['inspect', model, '--json']);
    expect(OBEYED.test(printed.stdout)).toBe(false);
    const { layers, inputs, outputs } = JSON.parse(printed.stdout);
    expect(layers.map(({ name }: { name: string }) => name)).toContain(`${HOSTILE}block.conv1`);
    expect([inputs[0].name, outputs[0].name]).toEqual([`${HOSTILE}input`, `${HOSTILE}logits`]);
  });

  it.each(['run-pruned', 'run-deployed', 'run-trained', 'run-swp', 'run-recipe'])(
    'are text in the page of %s',
    (run) => {
      const page = readFileSync(at(run, 'report.html'), 'utf8');
      expect(page).not.toContain('<img');
      expect(OBEYED.exec(page)?.[0] ?? null).toBe(null);
      if (run !== 'run-recipe') expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    },
  );
});
