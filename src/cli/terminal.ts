import type { Context, ProgressBar } from '../commands/command.ts';
import { formatCount, formatDuration } from '../numeric/quantities.ts';
import { printableLine } from '../printable.ts';

export interface TerminalOptions {
  /** Prints only warnings and errors. */
  readonly silent: boolean;
  /** Does not print warnings either. */
  readonly quiet: boolean;
}

/** The destination of lines: a stream such as stderr. */
export interface LineStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR_WIDTH = 24;
const REDRAW_MS = 80;
/** Interval between progress lines if the stream is not a terminal, in milliseconds. */
const LINE_MS = 10_000;

type Messages = Pick<Context, 'progress' | 'note' | 'warn'>;

/** Prints lines and one progress bar: redrawn on a terminal, a line every ten seconds otherwise. */
export function openTerminal(stream: LineStream, { silent, quiet }: TerminalOptions): Messages {
  const screen = openScreen(stream);
  return {
    progress: (label, total, unit = '') => (silent ? noProgress : openBar(screen, { label, total, unit })),
    note: (text) => void (silent || screen.line(text)),
    warn: (text) => void (quiet || screen.line(text)),
  };
}

const noProgress: ProgressBar = { advance() {}, to() {}, done() {} };

/** Lines with at most one progress bar below them. */
interface Screen {
  readonly live: boolean;
  line(text: string): void;
  /** Sets the text of the bar, which is drawn at once and again after each line; null removes it. */
  setBar(text: (() => string) | null): void;
}

function openScreen(stream: LineStream): Screen {
  let bar: (() => string) | null = null;
  const erase = () => bar && stream.write('\r\x1b[2K');
  const draw = () =>
    bar && stream.write(`\r\x1b[2K${printableLine(bar()).slice(0, (stream.columns ?? 80) - 1)}`);
  return {
    live: stream.isTTY ?? false,
    line(text) {
      erase();
      stream.write(`${printableLine(text)}\n`);
      draw();
    },
    setBar(text) {
      erase();
      bar = text;
      draw();
    },
  };
}

function openBar(screen: Screen, work: Pick<BarState, 'label' | 'total' | 'unit'>): ProgressBar {
  const started = performance.now();
  const state: BarState = { ...work, done: 0, started, note: '' };
  let shown = screen.live ? Number.NEGATIVE_INFINITY : started;
  const to: ProgressBar['to'] = (done, note) => {
    state.done = done;
    state.note = note ?? state.note;
    const now = performance.now();
    if (now - shown < (screen.live ? REDRAW_MS : LINE_MS)) return;
    shown = now;
    if (screen.live) screen.setBar(() => barLine(state));
    else screen.line(plainLine(state));
  };
  return { advance: (n, note) => to(state.done + n, note), to, done: () => screen.setBar(null) };
}

interface BarState {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
  readonly started: number;
  done: number;
  note: string;
}

function barLine(state: BarState): string {
  const filled = Math.round(BAR_WIDTH * part(state));
  const bar = `${'━'.repeat(filled)}${'╌'.repeat(BAR_WIDTH - filled)}`;
  return [state.label, bar, ...facts(state)].join('  ');
}

const plainLine = (state: BarState): string => [`${state.label}:`, ...facts(state)].join('  ');

const part = ({ done, total }: BarState): number => (total > 0 ? Math.min(1, done / total) : 0);

function facts(state: BarState): string[] {
  const { done, total, unit, started, note } = state;
  const seconds = (performance.now() - started) / 1000;
  const speed = done / seconds;
  const left = (total - done) / speed;
  return [
    `${Math.floor(100 * part(state))} %`.padStart(5),
    unit && done > 0 ? `${formatCount(Math.round(speed))} ${unit}/s` : '',
    done > 0 && done < total ? `${formatDuration(left)} left` : '',
    note,
  ].filter((fact) => fact !== '');
}
