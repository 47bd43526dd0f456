import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What examples take as given, by its type. */
const given = {
  Graph: 'network, changed, masked, graph',
  DataSet: 'data',
  Preprocessing: 'preprocessing',
  Calibration: 'calibration',
  Tensors: 'state, otherState',
  Tensor: 'images, testImages',
  'Uint8Array<ArrayBuffer>': 'labels, testLabels',
  RankingOptions: 'ranking',
  '(filters: Slices) => Float64Array': 'largestWeights',
};

/** The examples of all docstrings, each with its file. */
function examplesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/^ \* @example\n((?: \*(?!\/).*\n)+)/gm)].map(
      ([, lines]) => `// ${name}\n${lines!.replace(/^ \* ?/gm, '')}`,
    ),
  );
}

/** Whatever the package exports, imported in one statement. */
const imports = `import { ${['core', 'index']
  .flatMap((entry) => [...readFileSync(join(root, `src/${entry}.ts`), 'utf8').matchAll(/\{([^}]*)\}/g)])
  .flatMap(([, names]) =>
    names!.split(',').map((name) =>
      name
        .replace('type ', '')
        .replace(/^.* as /s, '')
        .trim(),
    ),
  )
  .filter(Boolean)
  .join(', ')} } from 'espalier';`;

const constants = `declare const ${Object.entries(given)
  .flatMap(([type, names]) => names.split(', ').map((name) => `${name}: ${type}`))
  .join(', ')};`;

/** An example's own imports come first; the rest is a block, so that it may use the names of constants. */
function moduleOf(example: string): string {
  const [, head, body] = example.match(/^((?:(?:\/\/|import )[^\n]*\n)*)(.*)$/s)!;
  return `${head}${imports}\n${constants}\n{\n${body}}\n`;
}

it('every example in the docstrings of src/ compiles with what the package exports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-examples-'));
  const examples = examplesIn(join(root, 'src'));
  examples.forEach((example, i) => writeFileSync(join(folder, `${i}.mts`), moduleOf(example)));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const compilerOptions = {
    paths: { espalier: [join(root, 'src/index.ts')] },
    verbatimModuleSyntax: false,
    noUnusedLocals: false,
  };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.mts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(examples.length).toBeGreaterThan(40);
  expect(stdout).toBe('');
});
