import type { RunSummary, StepSummary } from '../../../src/studio/types.ts';
import { RecordView } from './record-view.tsx';
import { reportAddress } from './server.ts';
import { change, choose, details, runs } from './state.ts';
import { TokenField } from './token-field.tsx';

/** A run: its state, what can be done with it, its result, its epochs and the shapes of its filters. */
export function RunPage({ run }: RunProps) {
  const { id, problem, steps } = run;
  const record = details.value.get(id)?.record;
  return (
    <section class="run-page" aria-label={`Run ${id}`}>
      <header>
        <div>
          <h2>{id}</h2>
          <p class="quiet">{factsOf(run).join(' · ')}</p>
        </div>
        <Actions run={run} />
      </header>
      {problem !== null && <p class="remark warn">{problem}</p>}
      {steps.length > 0 && <Steps id={id} steps={steps} />}
      {record && steps.length === 0 && <RecordView record={record} />}
    </section>
  );
}

interface RunProps {
  readonly run: RunSummary;
}

function factsOf({ command, model, data, started, changed }: RunSummary): string[] {
  const at = (iso: string) => new Date(iso).toLocaleString();
  const what = `${command} ${model}${data === null ? '' : ` on ${data}`}`;
  return [what, `started ${at(started)}`, `last event ${at(changed)}`];
}

const words = { stop: 'Stop', stopping: 'Stopping after this step …', resume: 'Resume' } as const;

function Actions({ run: { id, action } }: RunProps) {
  const act = (event: SubmitEvent) => {
    event.preventDefault();
    if (action && action !== 'stopping') void change(action, { id });
  };
  return (
    <form class="run-actions" onSubmit={act}>
      {action && <TokenField />}
      {action && (
        <button type="submit" disabled={action === 'stopping'}>
          {words[action]}
        </button>
      )}
      <a class="button" href={reportAddress(id)} target="_blank" rel="noreferrer">
        Report
      </a>
    </form>
  );
}

interface StepsProps {
  readonly id: string;
  readonly steps: readonly StepSummary[];
}

/** The steps of a recipe; the name of one that has a record leads to it. */
function Steps({ id, steps }: StepsProps) {
  return (
    <ol class="steps">
      {steps.map(({ name, state, line, text }, i) => {
        const folder = `${id === '.' ? '' : `${id}/`}${String(i + 1).padStart(2, '0')}-${name}`;
        const isRun = runs.value.some((run) => run.id === folder);
        return (
          <li key={name}>
            <p>
              {isRun ? (
                <button type="button" class="link" onClick={() => choose(folder, 'alone')}>
                  {name}
                </button>
              ) : (
                name
              )}{' '}
              <span class={`state ${state}`}>{state}</span>
            </p>
            {line !== null && <code>{line}</code>}
            {text !== null && <pre>{text}</pre>}
          </li>
        );
      })}
    </ol>
  );
}
