import { formatCount, formatDuration } from '../../numeric/quantities.ts';
import { commandLine } from '../command-line.ts';
import { type Html, html } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** The settings of the run, the command line that repeats it, and a suggested next command. */
export function runSection(record: RunRecord): Html {
  const { recipe, defaults } = record;
  const { machine, versions } = recipe;
  const next = nextCommand(record);
  return html`${next && html`<section><h2>Next</h2><p>${next.why}</p><pre tabindex="0"><code>${next.line}</code></pre></section>`}
<section><h2>The run</h2><dl>
<dt>Command</dt><dd><pre tabindex="0"><code>${commandLine(recipe, defaults)}</code></pre></dd>
<dt>Machine</dt><dd>${machine.processor}, ${machine.cores} core${machine.cores === 1 ? '' : 's'}</dd>
<dt>Versions</dt><dd>${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(' · ')}</dd>
<dt>Started</dt><dd><time datetime="${recipe.started}">${recipe.started}</time></dd>
${speed(record)}</dl></section>`;
}

function speed({ epochs }: RunRecord): Html | null {
  const timed = epochs.filter((epoch) => epoch.seconds && epoch.imagesPerSecond);
  if (timed.length === 0) return null;
  const seconds = timed.reduce((sum, epoch) => sum + epoch.seconds!, 0);
  const images = timed.reduce((sum, epoch) => sum + epoch.seconds! * epoch.imagesPerSecond!, 0);
  return html`<dt>Training</dt><dd>${formatDuration(seconds)}, ${formatCount(Math.round(images / seconds))} images/s</dd>`;
}

/** A loss of accuracy (fraction) above which a milder target is suggested. */
const MUCH_LOST = 0.02;

interface Advice {
  readonly why: string;
  readonly line: string;
}

/** The suggested next command, given the command and its results. */
function nextCommand({ recipe, result, defaults }: RunRecord): Advice | null {
  const { command, options } = recipe;
  const out = String(options.out ?? 'DIR');
  if (!result) {
    return command === 'train' || command === 'swp'
      ? {
          why: 'Continue the run where it stopped.',
          line: commandLine({ command, options: { resume: out } }),
        }
      : null;
  }
  const model = `${out}/model.onnx`;
  if (command === 'train') {
    const { data, seed } = options;
    const line = commandLine({
      command: 'swp',
      options: { model, data, macs: 0.5, epochs: 10, seed, out: `${out}-swp` },
    });
    return { why: 'Learn the shapes of the filters and keep half of the MACs.', line };
  }
  const lost = (result.before.top1 ?? 0) - (result.after.top1 ?? 0);
  if (command !== 'swp') return null;
  if (lost > MUCH_LOST) {
    const milder = Math.min(0.9, Number(options.macs ?? 0.5) + 0.15);
    const kept = { ...options, macs: Number(milder.toFixed(2)), out: `${out}-milder` };
    return {
      why: 'The network lost more than two points of accuracy: keep more of the MACs.',
      line: commandLine({ command, options: kept }, defaults),
    };
  }
  const files = [options.model, model, `${out}/model-fastest.onnx`];
  const line = commandLine({ command: 'bench', options: { model: files, threads: 2 } });
  return {
    why: 'Compare the files on the machine and with the number of threads that you will use.',
    line,
  };
}
