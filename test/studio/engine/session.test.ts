import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeModel } from '../../../src/onnx/index.ts';
import { writeModelFile } from '../../../src/onnx/model-file.ts';
import { openSession, summaryOf } from '../../../studio/engine/session.ts';
import type { Made } from '../../../studio/engine/types.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { sessionOf, tools } from '../../support/studio-session.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const bytes = serializeModel(plainNetwork());

describe('the dropped files', () => {
  const opened = (names: readonly string[], content = bytes) =>
    openSession(
      names.map((name) => ({ name, bytes: content })),
      tools,
    );

  it('are the only .onnx file among them', async () => {
    const { name, versions } = await opened(['nets/small.onnx', 'nets/labels.txt']);
    expect(name).toBe('small');
    expect(versions.map(({ id, title }) => [id, title])).toEqual([[0, 'small']]);
  });

  it.each([
    [[], 'expected an .onnx file, found nothing'],
    [['a.txt'], 'expected an .onnx file, found a.txt'],
    [['a.onnx', 'b.onnx'], 'expected one .onnx file, found a.onnx, b.onnx'],
  ])('%j: %s', async (names, message) => {
    await expect(opened(names)).rejects.toThrow(message);
  });

  it('that are damaged are refused with the name of the file', async () => {
    await expect(opened(['a.onnx'], bytes.slice(0, 100))).rejects.toThrow(/^a\.onnx: is not an ONNX model/);
    await expect(opened(['a.onnx'], new Uint8Array())).rejects.toThrow('a.onnx: is empty');
  });
});

describe('the versions of a session', () => {
  const made: Made = {
    title: 'other',
    network: plainNetwork({ widths: [8, 8] }),
    step: { do: 'fold', options: {}, error: null, remarks: [], leftAlone: [], groups: [] },
  };

  it('undo gives the bytes that were dropped, redo those of the version', async () => {
    const { session, bytes: dropped } = await sessionOf(plainNetwork());
    const version = await session.add(made);
    expect(session.undo().bytes()).toBe(dropped);
    expect(session.redo()).toBe(version);
    expect(version.bytes()).toEqual(serializeModel(made.network));
  });

  it('are as after the same edits of a list with a cursor', async () => {
    const edits = fc.array(fc.constantFrom('add', 'undo', 'redo'), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(edits, async (chosen) => {
        const { session } = await sessionOf(plainNetwork());
        let [ids, at, next] = [[0], 0, 1];
        for (const edit of chosen) {
          if (edit === 'add') {
            await session.add(made);
            ids = [...ids.slice(0, at + 1), next++];
            at++;
          } else {
            session[edit as 'undo' | 'redo']();
            at = edit === 'undo' ? Math.max(0, at - 1) : Math.min(ids.length - 1, at + 1);
          }
        }
        const { versions, current } = summaryOf(session);
        expect({ ids: versions.map(({ id }) => id), current }).toEqual({ ids, current: ids[at] });
      }),
      { numRuns: 20 },
    );
  });

  it('that do not exist are refused', async () => {
    const { session } = await sessionOf(plainNetwork());
    expect(() => session.version(7)).toThrow('expected a version (0), found 7');
  });
});

describe('a network with external data', () => {
  const network = plainNetwork({ widths: [16, 16] });
  const written = () => {
    const folder = temporaryFolder();
    writeModelFile(network, join(folder, 'net.onnx'), { externalData: 'always' });
    return (name: string) => ({
      name: `drop/${name}`,
      bytes: new Uint8Array(readFileSync(join(folder, name))),
    });
  };

  it('is opened with the file beside it', async () => {
    const file = written();
    const { current } = await openSession([file('net.onnx.data'), file('net.onnx')], tools);
    expect(serializeModel(current.network)).toEqual(serializeModel(network));
  });

  it('is refused without it, or if it ends early', async () => {
    const file = written();
    const data = file('net.onnx.data');
    await expect(openSession([file('net.onnx')], tools)).rejects.toThrow(
      /^drop\/net\.onnx: .*its data is in net\.onnx\.data: drop that file together with the model/,
    );
    const short = { ...data, bytes: data.bytes.subarray(0, 100) };
    await expect(openSession([file('net.onnx'), short], tools)).rejects.toThrow(/the file has 100/);
  });
});
