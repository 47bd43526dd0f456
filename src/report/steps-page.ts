import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatDuration } from '../numeric/quantities.ts';
import { openRunDirectory, type Recipe, type RunEvent } from '../training/run-directory.ts';
import { commandLine, quoted } from './command-line.ts';
import { type Html, html } from './html.ts';
import { pageOf } from './page.ts';
import { makeRunRecord } from './run-record.ts';
import { headerSection } from './sections/header.ts';
import { sweepsSection } from './sections/sweeps.ts';
import { finishedSteps, type StepOutcome, startedSteps } from './steps-record.ts';

/** The page about a run of a recipe. */
export function renderRecipeRun(path: string): string {
  const { recipe, readEvents } = openRunDirectory(path);
  const events = readEvents();
  const [source, ...others] = [recipe.options.model].flat().map(String);
  const shown = { ...recipe, options: { model: source?.replace(/\.json$/, ''), data: others[0] } };
  return pageOf(`espalier run ${source}`, [
    headerSection(makeRunRecord(shown, [])),
    sweepsSection(recipe, finishedSteps(events).values()),
    ...[...finishedSteps(events).values()].map((outcome) => section(outcome, path)),
    unfinished(events),
    theRun(recipe),
  ]);
}

function section({ name, line, folder, hours, text }: StepOutcome, path: string): Html {
  const page = `${basename(folder)}/report.html`;
  const link = existsSync(join(path, page)) && html` · <a href="${page}">report</a>`;
  return html`<section><h2>${name}</h2><p class="lead">${formatDuration(3600 * hours)}${link}</p>
<dl><dt>Command</dt><dd><pre tabindex="0"><code>${line}</code></pre></dd><dt>Result</dt><dd><pre tabindex="0"><code>${text}</code></pre></dd></dl></section>`;
}

function unfinished(events: readonly RunEvent[]): Html | null {
  const finished = finishedSteps(events);
  const [name] = startedSteps(events).filter((started) => !finished.has(started));
  return name === undefined
    ? null
    : html`<section><h2>Not finished</h2><p>The step ${name} was started and has no result yet.</p></section>`;
}

function theRun({ command, options, machine, versions, started }: Recipe): Html {
  const { set = [], ...others } = options;
  const settings = [set].flat().map((setting) => ` --set ${quoted(setting)}`);
  return html`<section><h2>The run</h2><dl>
<dt>Command</dt><dd><pre tabindex="0"><code>${commandLine({ command, options: others })}${settings}</code></pre></dd>
<dt>Machine</dt><dd>${machine.processor}, ${machine.cores} core${machine.cores === 1 ? '' : 's'}</dd>
<dt>Versions</dt><dd>${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(' · ')}</dd>
<dt>Started</dt><dd><time datetime="${started}">${started}</time></dd></dl></section>`;
}
