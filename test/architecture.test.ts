import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  circlesIn,
  globalsOf,
  type Modules,
  modulesOf,
  reachableFrom,
  sourcesIn,
} from './support/module-graph.ts';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The folders in ARCHITECTURE.md's order, and files that lie in none; several where they share a row. */
const rows = [
  ...readFileSync(at('ARCHITECTURE.md'), 'utf8').matchAll(/^\| +((?:`[^`]+`(?:, )?)+) +\|/gm),
].map(([, names]) => names!.replaceAll('`', '').split(', '));

/** The row of a file; -1 where it has none. */
const rowOf = (path: string): number =>
  rows.findIndex((names) =>
    names.some((name) => (name.endsWith('/') ? path.startsWith(name) : path === name)),
  );

/** Imports from a lower row, type imports included. */
const downwardImports = (modules: Modules): string[] =>
  [...modules].flatMap(([path, { imports }]) =>
    imports.filter(({ to }) => modules.has(to) && rowOf(to) > rowOf(path)).map(({ to }) => `${path} → ${to}`),
  );

/** The folders of the command line, which the library does without. */
const commandLine = ['commands/', 'recipes/', 'workers/', 'studio/', 'cli/'];
const isCommandLine = (path: string): boolean => commandLine.some((folder) => path.startsWith(folder));

const importsOfCommandLine = (modules: Modules): string[] =>
  [...modules].flatMap(([path, { imports }]) =>
    isCommandLine(path)
      ? []
      : imports.filter(({ to }) => isCommandLine(to)).map(({ to }) => `${path} → ${to}`),
  );

/** Packages that run anywhere: no engine, nothing of Node. */
const purePackages = [
  '@bufbuild/protobuf',
  '@observablehq/plot',
  'ml-matrix',
  'onnx-buf',
  'picomatch',
  'valibot',
];
const nodeGlobals = ['Buffer', 'process', 'global', 'require', '__dirname', '__filename', 'setImmediate'];

/** What the core would ask of its surroundings: packages beyond the pure ones, and Node's global names. */
async function surroundingsOfCore(modules: Modules): Promise<string[]> {
  const reached = [...reachableFrom('core.ts', modules)];
  const packages = reached.filter((path) => !modules.has(path) && !purePackages.includes(path));
  const globals = await Promise.all(
    reached.map(async (path) => {
      const module = modules.get(path);
      return module ? (await globalsOf(module, nodeGlobals)).map((name) => `${path}: ${name}`) : [];
    }),
  );
  return [...packages, ...globals.flat()];
}

describe('the sources', () => {
  const modules = modulesOf(sourcesIn(at('src')));

  it('have a row each', () => {
    expect([...modules.keys()].filter((path) => rowOf(path) < 0)).toEqual([]);
  });

  it('import upward in the list', () => {
    expect(downwardImports(modules)).toEqual([]);
  });

  it('import one another in no circle', () => {
    expect(circlesIn(modules)).toEqual([]);
  });

  it('have a library that does without the command line', () => {
    expect(importsOfCommandLine(modules)).toEqual([]);
  });

  it('export each name once: index.ts would hide a name of core.ts that it exports itself', () => {
    const names = ['core.ts', 'index.ts'].flatMap((path) => modules.get(path)!.exports);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('have a core that asks nothing of Node, and no engine', async () => {
    expect(await surroundingsOfCore(modules)).toEqual([]);
  });
});

describe('the rules find', () => {
  it('an import from a lower row, of a type too', () => {
    const modules = modulesOf({
      'graph/a.ts': `import { b } from '../pruning/b.ts'; import type { C } from '../deploy/c.ts';`,
      'pruning/b.ts': '',
      'deploy/c.ts': `export * from '../graph/a.ts';`,
    });
    expect(downwardImports(modules)).toEqual(['graph/a.ts → pruning/b.ts', 'graph/a.ts → deploy/c.ts']);
  });

  it('circles at run time: not those of types, nor those that close when a function runs', () => {
    const modules = modulesOf({
      'a.ts': `import { b } from './b.ts';`,
      'b.ts': `export { c } from './c.ts';`,
      'c.ts': `import './a.ts';`,
      'd.ts': `import type { E } from './e.ts';`,
      'e.ts': `import { d } from './d.ts';`,
      'f.ts': `export const f = () => import('./f.ts');`,
    });
    expect(circlesIn(modules)).toEqual(['a.ts → b.ts → c.ts → a.ts']);
  });

  it('a library that imports the command line', () => {
    const modules = modulesOf({ 'graph/a.ts': `import('../cli/run.ts');`, 'cli/run.ts': '' });
    expect(importsOfCommandLine(modules)).toEqual(['graph/a.ts → cli/run.ts']);
  });

  it('what the core reaches of Node: modules, engines that are loaded late, global names', async () => {
    const modules = modulesOf({
      'core.ts': `export * from './a.ts'; import type { Graph } from './types.ts';`,
      'a.ts': `import { readFileSync } from 'node:fs'; export const load = () => import('puppeteer-core');`,
      'types.ts': `import 'koffi';`,
    });
    expect(await surroundingsOfCore(modules)).toEqual(['node:fs', 'puppeteer-core']);
    const used = modulesOf({ 'core.ts': `export const bytes = Buffer.from(a.process); // process.env` });
    expect(await surroundingsOfCore(used)).toEqual(['core.ts: Buffer']);
  });
});
