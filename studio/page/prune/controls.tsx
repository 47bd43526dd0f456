import { formatPercent } from 'espalier/core';
import type { PruneChoice, PruneTables } from '../../engine/prune/choice.ts';
import { images } from '../images/state.ts';
import { runStep } from '../session.ts';
import { ExcludeField } from './exclude-field.tsx';
import { NumberField, SelectField } from './fields.tsx';
import { choose } from './state.ts';

/** Properties of {@link Controls}. */
interface ControlsProps {
  readonly tables: PruneTables;
  readonly chosen: PruneChoice;
}

type Measure = 'macs' | 'parameters' | 'ratio';

/** What the slider is a fraction of. */
const measures: Readonly<Record<Measure, string>> = {
  macs: 'MACs to keep',
  parameters: 'parameters to keep',
  ratio: 'channels to remove',
};

/** The choices of pruning, and the button that applies them. */
export function Controls({ tables, chosen }: ControlsProps) {
  const { target, granularity } = chosen;
  const criteria = tables.criteria.filter(({ granularities }) => granularities.includes(granularity));
  const usable = criteria.filter(({ needs }) => needs === 'weights' || (needs === 'images' && images.value));
  const apply = (event: Event) => {
    event.preventDefault();
    void runStep('Pruning', (api, job, report) => api.prune(chosen, job, report));
  };
  return (
    <form onSubmit={apply}>
      <SelectField
        label="Target"
        value={target.measure as Measure}
        options={Object.keys(measures) as Measure[]}
        textOf={(measure) => measures[measure]}
        onChange={(measure) => choose({ target: { ...target, measure } })}
      />
      <label class="slider">
        <span class="hidden">Fraction of {measures[target.measure as Measure]}</span>
        <input
          type="range"
          min="5"
          max={target.measure === 'ratio' ? 95 : 100}
          value={Math.round(100 * target.fraction)}
          onInput={({ currentTarget }) =>
            choose({ target: { ...target, fraction: Number(currentTarget.value) / 100 } })
          }
        />
        <output>{formatPercent(target.fraction, 0)}</output>
      </label>
      <SelectField
        label="Granularity"
        value={granularity}
        options={tables.granularities}
        onChange={(value) => choose({ granularity: value })}
      />
      <SelectField
        label="Criterion"
        value={chosen.criterion}
        options={usable.map(({ name }) => name)}
        onChange={(criterion) => choose({ criterion })}
      />
      {usable.length < criteria.length && !images.value && (
        <p class="quiet">
          With images also:{' '}
          {criteria.flatMap(({ name, needs }) => (needs === 'images' ? name : [])).join(', ')}.
        </p>
      )}
      <SelectField
        label="Scope"
        value={chosen.scope}
        options={tables.scopes}
        onChange={(scope) => choose({ scope })}
      />
      <NumberField
        label="Round widths to multiples of"
        value={chosen.round}
        limits={{ min: 1, max: 64, step: 1 }}
        onChange={(round) => choose({ round })}
      />
      <details>
        <summary>More</summary>
        <NumberField
          label="Smallest fraction of a group's channels"
          value={chosen.floor}
          limits={{ min: 0, max: 1, step: 0.05 }}
          onChange={(floor) => choose({ floor })}
        />
        <SelectField
          label="Normalisation of scores"
          value={chosen.normalize ?? ''}
          options={['', ...tables.normalizations] as const}
          textOf={(name) => name || "the criterion's"}
          onChange={(name) => choose({ normalize: name || null })}
        />
        <SelectField
          label="Scores of coupled channels"
          value={chosen.reduce}
          options={tables.reductions}
          onChange={(reduce) => choose({ reduce })}
        />
      </details>
      <ExcludeField globs={chosen.exclude} />
      {images.value && <RecoverField tables={tables} chosen={chosen} />}
      <button type="submit" class="primary">
        Prune and verify
      </button>
    </form>
  );
}

/** The recoveries on images. */
const RecoverField = ({ tables, chosen }: ControlsProps) => (
  <fieldset>
    <legend>Recover on the images</legend>
    {tables.recoveries.map((name) => (
      <label key={name}>
        <input
          type="checkbox"
          checked={chosen.recover.includes(name)}
          onChange={({ currentTarget: { checked } }) =>
            choose({
              recover: tables.recoveries.filter((other) =>
                other === name ? checked : chosen.recover.includes(other),
              ),
            })
          }
        />{' '}
        {name}
      </label>
    ))}
  </fieldset>
);
