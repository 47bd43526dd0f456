import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { builtStudio } from '../../support/built-studio.ts';

it('the whole page, without the module of onnxruntime-web, has less than 1 MB gzipped', async () => {
  const folder = await builtStudio();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const sizes = files.flatMap(({ parentPath, name }) =>
    name.endsWith('.wasm') ? [] : [gzipSync(readFileSync(join(parentPath, name))).length],
  );
  expect(sizes.length).toBeGreaterThan(5);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1e6);
});
