import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isModelPath } from '../../src/commands/model.ts';

const before = process.cwd();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-model-'));
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

it('takes the name of a network for a network where a folder is called so too, and a file for a file', (context) => {
  try {
    process.chdir(folder);
  } catch {
    context.skip(); // worker threads cannot change their folder
  }
  mkdirSync('espalier-demo');
  writeFileSync('plain', '');
  expect(isModelPath('espalier-demo')).toBe(false);
  expect(isModelPath('plain')).toBe(true);
  expect(isModelPath('missing.onnx')).toBe(true);
});
