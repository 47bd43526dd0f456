import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
}

it('npm ci runs no script of a package that fetches from another host than the registry', () => {
  const { packages } = JSON.parse(
    readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'),
  ) as Lock;
  expect(packages).toHaveProperty(['node_modules/onnxruntime-node']);
  // npm runs the scripts of packages that the lock file says have some. That of onnxruntime-node fetches CUDA libraries.
  const scripted = Object.keys(packages).filter((name) => packages[name]!.hasInstallScript);
  expect(scripted.sort()).toEqual(
    ['esbuild', 'koffi', 'msgpackr-extract', 'protobufjs'].map((name) => `node_modules/${name}`),
  );
});
