import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const module = fileURLToPath(new URL('../../src/cli/interrupt.ts', import.meta.url));

/** A process that works until its signal aborts, then `afterwards` ms more, and is interrupted `times` times. */
function interrupted(
  listens: boolean,
  times: number,
  afterwards: number,
): Promise<{ code: number | null; said: string }> {
  const script = `
    import { watchInterrupts } from ${JSON.stringify(module)};
    const watch = watchInterrupts(${listens}, () => console.log('asked to stop'));
    const work = setInterval(() => {}, 1000);
    watch.signal.addEventListener('abort', () => setTimeout(() => {
      clearInterval(work);
      console.log('stopped cleanly');
    }, ${afterwards}));
    console.log('ready');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  let said = '';
  let sent = 0;
  child.stdout.on('data', (chunk) => {
    said += chunk;
    if (sent++ < times) child.kill('SIGINT');
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

describe('Ctrl-C', () => {
  it('asks a command that listens to stop, and lets it finish', async () => {
    expect(await interrupted(true, 1, 50)).toEqual({
      code: 0,
      said: 'ready\nasked to stop\nstopped cleanly\n',
    });
  });

  it('ends at once the second time', async () => {
    expect(await interrupted(true, 2, 30_000)).toEqual({ code: 130, said: 'ready\nasked to stop\n' });
  });

  it('ends at once a command that does not listen', async () => {
    expect(await interrupted(false, 1, 30_000)).toEqual({ code: 130, said: 'ready\n' });
  });
});
