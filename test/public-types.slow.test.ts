import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isIdentifier, type Node } from 'typescript/unstable/ast';
import { API, type Checker, type Symbol as Declared, SymbolFlags } from 'typescript/unstable/sync';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const declarations = mkdtempSync(join(tmpdir(), 'espalier-types-'));
afterAll(() => rmSync(declarations, { recursive: true }));

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
};
const entries = Object.values(exports).map(({ types }) => types.replace('./dist/', ''));

/** Types declared in the package that a declaration names: of parameters, results, properties, base types. */
function typesNamedBy(declared: Declared, checker: Checker): Declared[] {
  const identifiers: Node[] = [];
  const visit = (node: Node): void => {
    if (isIdentifier(node)) identifiers.push(node);
    node.forEachChild(visit);
  };
  for (const declaration of declared.declarations) visit(declaration.resolve()!);
  return checker
    .getSymbolAtLocation(identifiers)
    .filter((symbol) => symbol !== undefined)
    .map((symbol) => originalOf(symbol, checker))
    .filter(({ flags }) => flags & (SymbolFlags.Interface | SymbolFlags.TypeAlias | SymbolFlags.Class))
    .filter((symbol) => symbol.declarations.some(({ path }) => path.startsWith(declarations)));
}

function originalOf(symbol: Declared, checker: Checker): Declared {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

beforeAll(() => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = ['--noCheck', '--emitDeclarationOnly', '--outDir', declarations];
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), ...flags]);
  const compilerOptions = { module: 'nodenext', types: [] };
  writeFileSync(join(declarations, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: entries }));
});

it.each(entries)('%s exports every type that its signatures name', (entry) => {
  const api = new API({ cwd: declarations });
  const { program, checker } = api
    .updateSnapshot({ openProjects: [join(declarations, 'tsconfig.json')] })
    .getProjects()[0]!;
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(declarations, entry))!)!;
  const reached = checker.getExportsOfModule(module).map((symbol) => originalOf(symbol, checker));
  const exported = reached.length;
  for (const declared of reached) {
    for (const named of typesNamedBy(declared, checker)) if (!reached.includes(named)) reached.push(named);
  }
  const missing = reached
    .slice(exported)
    .map(({ name, declarations }) => `${name}, ${declarations[0]!.path}`);
  api.close();
  expect(missing).toEqual([]);
});
