import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LineStream, openTerminal } from '../../src/cli/terminal.ts';
import { printableLine, printableText } from '../../src/printable.ts';
import { textTable } from '../../src/report/text-table.ts';

function recorder(isTTY: boolean, columns = 100): LineStream & { text: () => string } {
  let written = '';
  return { isTTY, columns, write: (text) => (written += text), text: () => written };
}

/** Back to the start of the line, and erase it. */
const CLEAR = '\r\x1b[2K';
const loud = { silent: false, quiet: false };

describe('progress', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => vi.useRealTimers());

  it('is a bar with speed and time left on a terminal, gone when done', () => {
    const stream = recorder(true);
    const bar = openTerminal(stream, loud).progress('training', 1000, 'images');
    vi.advanceTimersByTime(1000);
    bar.advance(250, 'loss 1.20');
    expect(stream.text()).toMatch(
      /\r.*training {2}━{6}╌{18} {3}25 % {2}250 images\/s {2}3\.0 s left {2}loss 1\.20$/,
    );
    bar.done();
    expect(stream.text().endsWith(CLEAR)).toBe(true);
  });

  it('never is wider than the terminal', () => {
    const stream = recorder(true, 40);
    openTerminal(stream, loud).progress('x'.repeat(60), 10).to(5);
    expect(stream.text().replace(CLEAR, '')).toHaveLength(39);
  });

  it('makes way for a line and comes back', () => {
    const stream = recorder(true);
    const terminal = openTerminal(stream, loud);
    terminal.progress('work', 10).to(5);
    const before = stream.text().length;
    terminal.note('epoch 1');
    expect(stream.text().slice(before)).toContain(`${CLEAR}epoch 1\n${CLEAR}work `);
  });

  it('is a line every ten seconds where there is no terminal', () => {
    const stream = recorder(false);
    const bar = openTerminal(stream, loud).progress('training', 100);
    for (let second = 0; second < 25; second++) {
      vi.advanceTimersByTime(1000);
      bar.advance(1);
    }
    bar.done();
    const lines = stream.text().trimEnd().split('\n');
    expect(lines.map((line) => line.match(/\d+ %/)?.[0])).toEqual(['10 %', '20 %']);
    expect(stream.text()).not.toContain('\x1b');
  });

  it('is silent with --json, where warnings are still heard, and --quiet silences those too', () => {
    const heard = [
      { silent: true, quiet: false },
      { silent: true, quiet: true },
    ].map((options) => {
      const stream = recorder(true);
      const terminal = openTerminal(stream, options);
      terminal.progress('work', 10).to(5);
      terminal.note('a note');
      terminal.warn('a warning');
      return stream.text();
    });
    expect(heard).toEqual(['a warning\n', '']);
  });
});

it('prints what a terminal would obey as escapes, in lines and in tables', () => {
  const hostile = 'a\x1b[31m\u202eb\x9bc\nd';
  expect(printableLine(hostile)).toBe('a\\u001b[31m\\u202eb\\u009bc\\u000ad');
  expect(JSON.parse(printableText(JSON.stringify({ name: hostile }, null, 2)))).toEqual({ name: hostile });
  expect(textTable([hostile], [{ head: 'name', cell: (name) => name }]).split('\n')[2]).toBe(
    printableLine(hostile),
  );
});
