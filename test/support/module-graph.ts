import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { transform } from 'esbuild';
import { type ParseResult, parseSync } from 'oxc-parser';

/** A module's import of a file of the same folder, by its path there, or of a package, by its specifier. */
export interface Import {
  readonly to: string;
  /** Types alone are gone when the code runs. */
  readonly isType: boolean;
  /** `import(…)`: loaded when it is reached, not before its importer. */
  readonly isLazy: boolean;
}

export interface Module {
  readonly source: string;
  readonly imports: readonly Import[];
  /** Names that it exports, those of `export *` left out. */
  readonly exports: readonly string[];
}

/** By path. */
export type Modules = ReadonlyMap<string, Module>;

/** The TypeScript sources of a folder, by their path in it. */
export function sourcesIn(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return Object.fromEntries(
    paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]),
  );
}

export const modulesOf = (sources: Readonly<Record<string, string>>): Modules =>
  new Map(Object.entries(sources).map(([path, source]) => [path, moduleOf(path, source)]));

function moduleOf(path: string, source: string): Module {
  const parsed = parseSync(path, source);
  const exported = parsed.module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName }) => exportName.name ?? []),
  );
  return { source, imports: importsOf(path, source, parsed), exports: exported };
}

function importsOf(path: string, source: string, { program, module }: ParseResult): Import[] {
  const resolved = (specifier: string) =>
    specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
  const stated = program.body.flatMap((statement): Import[] => {
    if (!('source' in statement) || !statement.source) return [];
    const kind = statement.type === 'ImportDeclaration' ? statement.importKind : statement.exportKind;
    return [{ to: resolved(statement.source.value), isType: kind === 'type', isLazy: false }];
  });
  const lazy = module.dynamicImports.map(({ moduleRequest: { start, end } }): Import => {
    const specifier = source.slice(start + 1, end - 1);
    return { to: resolved(specifier), isType: false, isLazy: true };
  });
  return [...stated, ...lazy];
}

/** All that runs or may run where a module is imported: modules and packages, itself among them. */
export function reachableFrom(entry: string, modules: Modules): Set<string> {
  const reached = new Set([entry]);
  for (const path of reached) {
    for (const { to, isType } of modules.get(path)?.imports ?? []) if (!isType) reached.add(to);
  }
  return reached;
}

/** Modules that import one another in a circle before any of them has run, each circle once: `a.ts → b.ts → a.ts`. */
export function circlesIn(modules: Modules): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (way.includes(path) || done.has(path)) return;
    for (const { to, isType, isLazy } of modules.get(path)?.imports ?? [])
      if (!isType && !isLazy) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of modules.keys()) visit(path, []);
  return circles;
}

/** The global names among those given that a module uses: not its own variables, nor properties of that name. */
export async function globalsOf({ source }: Module, names: readonly string[]): Promise<string[]> {
  const marks = Object.fromEntries(names.map((name) => [name, `__global_${name}`]));
  const { code } = await transform(source, { loader: 'ts', define: marks });
  return names.filter((name) => code.includes(marks[name]!));
}
