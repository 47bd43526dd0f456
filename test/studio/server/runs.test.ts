import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunDetails, RunSummary } from '../../../src/studio/types.ts';
import { createRunDirectory } from '../../../src/training/run-directory.ts';
import { holdRun } from '../../../src/training/run-lock.ts';
import { events, recipe } from '../../support/run-record.ts';
import { openedStudio, recordedRun } from '../../support/studio.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Two epochs of the made-up run, and all of its events. */
const EPOCHS = 2;

describe('the runs of a folder', () => {
  it('are listed with their state, their last epoch and their result', async () => {
    const folder = temporaryFolder();
    recordedRun(join(folder, 'done'));
    recordedRun(join(folder, 'sweep', 'begun'), EPOCHS);
    const { ask } = await openedStudio({ folder });
    const { folder: told, runs } = JSON.parse((await ask('/api/runs')).text) as {
      folder: string;
      runs: RunSummary[];
    };
    expect(told).toBe(folder);
    const [done, begun] = runs;
    expect(done).toMatchObject({
      ...{ id: 'done', command: 'swp', state: 'finished', epochs: { done: 8, of: 8 }, action: null },
      result: { after: { top1: 0.9021 } },
    });
    const { loss, testAccuracy, macsKept } = events()[1]!;
    expect(begun).toMatchObject({
      ...{ id: 'sweep/begun', state: 'stopped', epochs: { done: 2, of: 8 }, action: 'resume', result: null },
      latest: { loss, accuracy: testAccuracy, macsKept },
    });
  });

  it('are running while a process holds their folder', async () => {
    const folder = temporaryFolder();
    recordedRun(join(folder, 'held'), EPOCHS);
    const { ask } = await openedStudio({ folder });
    const state = async () => (JSON.parse((await ask('/api/runs')).text) as { runs: RunSummary[] }).runs[0];
    const release = await holdRun(join(folder, 'held'));
    onTestFinished(release);
    expect(await state()).toMatchObject({ state: 'running', action: null });
    release();
    expect(await state()).toMatchObject({ state: 'stopped', action: 'resume' });
  });

  it('have steps if they are recipes, which are finished when all steps are', async () => {
    const folder = temporaryFolder();
    const step = (name: string) => ({ name, do: 'train', model: ['resnet20'], options: {} });
    const plan = { recipe: { source: 'mine', name: 'mine', steps: [step('a'), step('b')] } };
    const run = createRunDirectory(join(folder, 'mine'), {
      ...recipe,
      command: 'run',
      options: { model: ['mine'] },
      ...{ plan },
    });
    const finish = (name: string) =>
      run.record({
        type: 'finish',
        name,
        line: `espalier ${name}`,
        folder: name,
        hours: 1,
        data: {},
        text: 'ok',
      });
    finish('a');
    run.record({ type: 'start', name: 'b' });
    const { ask } = await openedStudio({ folder });
    const summary = async () => (JSON.parse((await ask('/api/runs')).text) as { runs: RunSummary[] }).runs[0];
    expect(await summary()).toMatchObject({
      ...{ model: 'mine', state: 'stopped' },
      steps: [
        { name: 'a', state: 'finished', line: 'espalier a', text: 'ok' },
        { name: 'b', state: 'started', line: null, text: null },
      ],
    });
    finish('b');
    expect(await summary()).toMatchObject({ state: 'finished', action: null });
  });

  it('are not files of other programs, hidden folders or links', async () => {
    const folder = temporaryFolder();
    const elsewhere = temporaryFolder();
    recordedRun(join(elsewhere, 'other'));
    symlinkSync(elsewhere, join(folder, 'link'));
    recordedRun(join(folder, '.hidden', 'run'));
    for (const [name, text] of [
      ['cake', '{"flour": 500}'],
      ['broken', '{'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'recipe.json'), text);
    }
    const { ask } = await openedStudio({ folder });
    expect(JSON.parse((await ask('/api/runs')).text)).toEqual({ folder, runs: [] });
    for (const id of ['link/other', '.hidden/run', '../other', `..${elsewhere}/other`, '', 'none'])
      expect([id, (await ask(`/api/run?id=${encodeURIComponent(id)}`)).status]).toEqual([id, 404]);
  });

  it('have a record and a report, which is a page without scripts in a sandbox', async () => {
    const folder = temporaryFolder();
    recordedRun(join(folder, 'a b', 'run'));
    const { ask } = await openedStudio({ folder });
    const { id, record } = JSON.parse((await ask('/api/run?id=a%20b%2Frun')).text) as RunDetails;
    expect([id, record.epochs.length, record.shapes.length]).toEqual(['a b/run', 8, 19]);
    const report = await ask('/reports/a%20b/run/report.html');
    expect(report.status).toBe(200);
    expect(report.text).toContain('<h2>Before and after</h2>');
    expect(report.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
    expect((await ask('/reports/a%20b/none/report.html')).status).toBe(404);
    expect((await ask('/reports/a%20b/run/recipe.json')).status).toBe(404);
  });
});

/** Reads server-sent events. */
async function listened(url: string) {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(url, { signal: controller.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    response,
    async next(event: string): Promise<unknown> {
      for (;;) {
        const [, found] = new RegExp(`event: ${event}\\ndata: (.*)\\n\\n`).exec(text) ?? [];
        if (found !== undefined) {
          text = text.replace(`event: ${event}\ndata: ${found}\n\n`, '');
          return JSON.parse(found);
        }
        text += (await reader.read()).value ?? '';
      }
    },
  };
}

describe('live events', () => {
  it('follow a file that grows, is rewritten and has a half-written line', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'live');
    const run = recordedRun(path, EPOCHS);
    const { url } = await openedStudio({ folder });
    const { response, next } = await listened(`${url}/api/live?id=live&id=none`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const epochs = async () => ((await next('run')) as RunDetails).record.epochs.map(({ epoch }) => epoch);
    expect(await next('runs')).toMatchObject([{ id: 'live', epochs: { done: 2 } }]);
    expect(await epochs()).toEqual([1, 2]);
    const third = JSON.stringify(events()[2]);
    appendFileSync(join(path, 'events.jsonl'), third.slice(0, 20));
    appendFileSync(join(path, 'events.jsonl'), `${third.slice(20)}\n`);
    expect(await epochs()).toEqual([1, 2, 3]);
    run.rewind(2 * 390, 2);
    expect(await epochs()).toEqual([1, 2]);
    expect(readFileSync(join(path, 'events.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('tell of runs that appear', async () => {
    const folder = temporaryFolder();
    const { url } = await openedStudio({ folder });
    const { next } = await listened(`${url}/api/live`);
    expect(await next('runs')).toEqual([]);
    recordedRun(join(folder, 'new'));
    expect(await next('runs')).toMatchObject([{ id: 'new' }]);
  });
});
