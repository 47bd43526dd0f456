import '../style/steps.css';
import { formatBytes, formatCount, formatMacs } from 'espalier/core';
import type { SessionSummary, VersionSummary } from '../../engine/types.ts';
import { runStep } from '../session.ts';
import { takeAway, takenFiles } from './take-away.ts';

/** The versions of the open network, with undo, redo and what can be taken away. */
export function History({ name, versions, current }: SessionSummary) {
  const at = versions.findIndex(({ id }) => id === current);
  return (
    <section class="part" aria-labelledby="history-title">
      <div class="row">
        <h2 id="history-title">Steps</h2>
        <button type="button" disabled={at === 0} onClick={() => runStep('Undoing', (api) => api.undo())}>
          Undo
        </button>
        <button
          type="button"
          disabled={at === versions.length - 1}
          onClick={() => runStep('Redoing', (api) => api.redo())}
        >
          Redo
        </button>
      </div>
      <ol class="history">
        {versions.map((version, i) => (
          <Entry key={version.id} version={version} name={name} place={i - at} />
        ))}
      </ol>
    </section>
  );
}

/** Properties of {@link Entry}. */
interface EntryProps {
  readonly version: VersionSummary;
  /** The name of the open network. */
  readonly name: string;
  /** How many steps it is after the current version; negative before it. */
  readonly place: number;
}

const Entry = ({ version, name, place }: EntryProps) => (
  <li class={place > 0 ? 'undone' : undefined} aria-current={place === 0 ? 'step' : undefined}>
    <p>
      <strong>{version.title}</strong> <span class="quiet">{sizesOf(version)}</span>
      {place > 0 && <span class="quiet"> undone</span>}
    </p>
    <p class="take-away">
      {takenFiles
        .filter(({ ofOriginal }) => ofOriginal || version.step !== null)
        .map((file) => (
          <button
            key={file.title}
            type="button"
            aria-label={`Download the ${file.title} of ${version.title}`}
            onClick={() => takeAway(file, version.id, fileName(name, version))}
          >
            {file.title}
          </button>
        ))}
    </p>
  </li>
);

const sizesOf = ({ macs, parameters, bytes }: VersionSummary): string =>
  `${formatMacs(macs)}, ${formatCount(parameters)} parameters, ${formatBytes(bytes)}`;

const fileName = (name: string, { id }: VersionSummary): string => (id === 0 ? name : `${name}-${id}`);
