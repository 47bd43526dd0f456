import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStudio } from '../../../src/studio/open-studio.ts';
import type { RunDetails, RunSummary } from '../../../src/studio/types.ts';
import { writeImageFolder } from '../../support/image-folder.ts';
import { asking, pageFolder } from '../../support/studio.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const RECIPE = 'swp-resnet56-cifar10-small';

/** A studio whose runs are trained by the command line from its sources, on a few small images. */
async function opened() {
  const place = temporaryFolder();
  await writeImageFolder(join(place, 'images'), { count: 40, size: 8, classes: 2, seed: 1 });
  const folder = join(place, 'runs');
  mkdirSync(folder);
  const controller = new AbortController();
  const studio = await openStudio({
    ...{ folder, port: 0, page: pageFolder(), signal: controller.signal },
    commandLine: [process.execPath, '--import', 'tsx', main],
  });
  const end = () => {
    controller.abort();
    return studio.ended;
  };
  onTestFinished(end);
  const ask = asking(studio.url);
  const post = async (path: string, body: object) => {
    const told = await ask(path, {
      method: 'POST',
      headers: {
        origin: studio.url,
        authorization: `Bearer ${studio.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    return { status: told.status, data: JSON.parse(told.text) };
  };
  const runs = async () => (JSON.parse((await ask('/api/runs')).text) as { runs: RunSummary[] }).runs;
  const set = [
    ...[`data=${join(place, 'images')}`, 'size=8', 'limit=40', 'batch=8', 'threads=1'],
    ...[
      'train.epochs=1',
      'swp.epochs=3',
      'executor=onnxruntime',
      'augmentation=none',
      'bench-seconds=0.1',
      'form=dense',
    ],
  ];
  return { folder, post, runs, ask, set, end };
}

/** Asks until a condition holds; far longer than a busy machine needs. */
async function until<T>(ask: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  for (const start = Date.now(); ; ) {
    const found = await ask();
    if (holds(found)) return found;
    if (Date.now() - start > 120_000) throw new Error(`still ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a run that the page starts', () => {
  it('runs, is stopped as by Ctrl-C, goes on where it stopped, and shows its shapes as they die', async () => {
    const { folder, post, runs, ask, set } = await opened();
    expect(await post('/api/start', { recipe: RECIPE, folder: 'first', set })).toEqual({
      status: 200,
      data: { id: 'first' },
    });
    const summary = async (id: string) => (await runs()).find((run) => run.id === id);
    expect(await summary('first')).toMatchObject({ command: 'run', state: 'running', action: 'stop' });
    expect(await post('/api/start', { recipe: RECIPE, folder: 'first', set })).toMatchObject({ status: 400 });

    const learning = 'first/02-swp';
    await until(
      () => summary(learning),
      (run) => (run?.epochs.done ?? 0) >= 1,
    );
    const shapes = async () =>
      (JSON.parse((await ask(`/api/run?id=${learning}`)).text) as RunDetails).record.shapes;
    // The layers with 3×3 kernels; their shapes are recorded after the epoch.
    expect(await until(shapes, ({ length }) => length > 0)).toHaveLength(55);
    expect((await post('/api/stop', { id: 'first' })).status).toBe(200);
    const stopped = await until(
      () => summary('first'),
      (run) => run?.state !== 'running',
    );
    expect(stopped).toMatchObject({ state: 'stopped', action: 'resume', problem: null });
    expect(existsSync(join(folder, learning, 'model.onnx'))).toBe(false);

    expect((await post('/api/resume', { id: 'first' })).status).toBe(200);
    const finished = await until(
      () => summary('first'),
      (run) => run?.state !== 'running',
    );
    expect(finished).toMatchObject({ state: 'finished', action: null, problem: null });
    expect(await summary(learning)).toMatchObject({ state: 'finished', epochs: { done: 3, of: 3 } });
    const live = (await shapes()).flatMap(({ masks }) => masks).filter((mask) => mask !== 511);
    expect(live.length).toBeGreaterThan(0);
    const report = await ask('/reports/first/report.html');
    expect(report.text).toContain('href="02-swp/report.html"');
    expect((await ask('/reports/first/02-swp/report.html')).text).toContain('The shapes that were learned');
  });

  it('fails with the message of its command', async () => {
    const { post, runs, set } = await opened();
    const { status } = await post('/api/start', {
      ...{ recipe: RECIPE, folder: 'failing' },
      set: [...set, 'data=/none'],
    });
    expect(status).toBeLessThanOrEqual(500);
    const [run] = await until(runs, (list) => list[0]?.state !== 'running');
    expect(run).toMatchObject({ id: 'failing', state: 'failed', action: 'resume' });
    expect(run?.problem).toMatch(/^step train: .*\/none/);
  });

  it('is stopped with the studio', async () => {
    const { folder, post, runs, set, end } = await opened();
    await post('/api/start', { recipe: RECIPE, folder: 'last', set: [...set, 'train.epochs=1000'] });
    await until(runs, (list) => list.some(({ id, epochs }) => id === 'last/01-train' && epochs.done > 0));
    await end();
    const { list } = await import('../../../src/studio/runs.ts').then(({ openRuns }) => openRuns(folder, []));
    expect((await list()).map(({ id, state }) => [id, state])).toEqual([
      ['last', 'stopped'],
      ['last/01-train', 'stopped'],
    ]);
  });
});
