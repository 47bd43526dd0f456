import { expect, it } from 'vitest';
import { openCompiled } from '../../../studio/engine/open/compiled.ts';
import { readFiles, recognise, type StoredFile } from '../../../studio/engine/open/recognise.ts';
import { openRun } from '../../../studio/engine/open/run.ts';

const file = (name: string, text = ''): StoredFile => ({
  name,
  size: text.length,
  bytes: async () => new TextEncoder().encode(text),
});

it('recognises a compiled folder and a run at any depth of a drop', () => {
  const compiled = recognise(
    ['a/small/report.json', 'a/small/model.js', 'a/small/model.bin'].map((name) => file(name)),
  );
  expect(compiled).toMatchObject({ kind: 'compiled', name: 'small' });
  expect(compiled.files.map(({ name }) => name)).toEqual(['report.json', 'model.js', 'model.bin']);
  const run = recognise([file('base/recipe.json'), file('base/events.jsonl'), file('base/model.onnx')]);
  expect(run).toMatchObject({ kind: 'run', name: 'base' });
  expect(recognise([file('model.onnx'), file('report.json')]).kind).toBe('network');
});

it('reads a run whose last line is being written, and names the line that is damaged', async () => {
  const recipe = file('r/recipe.json', '{"command":"train","options":{}}');
  const open = (events: string) => openRun(recognise([recipe, file('r/events.jsonl', events)]));
  const line = JSON.stringify({ type: 'epoch', epoch: 1, loss: 2 });
  expect((await open(`${line}\n{"type":"ep`)).record.epochs.length).toBe(1);
  await expect(open(`${line}\n{"type":"ep\n`)).rejects.toThrow('events.jsonl, line 2: is not JSON');
});

it("refuses another program's report", async () => {
  const files = [file('report.json', '{"format":"other"}'), file('model.js'), file('model.bin')];
  await expect(openCompiled(recognise(files))).rejects.toThrow('expected the report of a folder');
});

it('refuses more than 2 GB before anything is read', async () => {
  const huge = { ...file('model.onnx'), size: 3e9, bytes: () => Promise.reject(new Error('read')) };
  await expect(readFiles([huge])).rejects.toThrow('expected at most 2 GB, found 3.0 GB');
});
