import type { PruneChoice, PruneTables } from '../../engine/prune/choice.ts';
import { images } from '../images/state.ts';
import { NumberField } from '../parts/number-field.tsx';
import { runStep } from '../session.ts';
import { ExcludeField } from './exclude-field.tsx';
import { SelectField } from './select-field.tsx';
import { choose } from './state.ts';
import { TargetField } from './target-field.tsx';

/** Properties of {@link Controls} and its parts. */
interface ControlsProps {
  readonly tables: PruneTables;
  readonly chosen: PruneChoice;
}

/** The choices of pruning, and the button that applies them. */
export function Controls({ tables, chosen }: ControlsProps) {
  const apply = (event: Event) => {
    event.preventDefault();
    void runStep('Pruning', (api, job, report) => api.prune(chosen, job, report));
  };
  return (
    <form onSubmit={apply}>
      <TargetField target={chosen.target} />
      <SelectField
        label="Granularity"
        value={chosen.granularity}
        options={tables.granularities}
        onChange={(granularity) => choose({ granularity })}
      />
      <CriterionField tables={tables} chosen={chosen} />
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
      <MoreFields tables={tables} chosen={chosen} />
      <ExcludeField globs={chosen.exclude} />
      {images.value && <RecoverField tables={tables} chosen={chosen} />}
      <button type="submit" class="primary">
        Prune and verify
      </button>
    </form>
  );
}

/** The criteria that can score the granularity with what there is: images have no labels. */
function CriterionField({ tables, chosen: { criterion, granularity } }: ControlsProps) {
  const able = tables.criteria.filter(({ granularities }) => granularities.includes(granularity));
  const onImages = able.filter(({ needs }) => needs === 'images');
  const usable = able.filter(({ needs }) => needs === 'weights' || (needs === 'images' && images.value));
  return (
    <>
      <SelectField
        label="Criterion"
        value={criterion}
        options={usable.map(({ name }) => name)}
        onChange={(name) => choose({ criterion: name })}
      />
      {onImages.length > 0 && !images.value && (
        <p class="quiet">With images also: {onImages.map(({ name }) => name).join(', ')}.</p>
      )}
    </>
  );
}

/** Choices that are rarely changed. */
const MoreFields = ({ tables, chosen }: ControlsProps) => (
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
      options={['', ...tables.normalizations]}
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
);

/** The recoveries on images. */
function RecoverField({ tables, chosen }: ControlsProps) {
  const toggle = (name: string, on: boolean) => {
    const recover = tables.recoveries.filter((other) =>
      other === name ? on : chosen.recover.includes(other),
    );
    choose({ recover });
  };
  return (
    <fieldset>
      <legend>Recover on the images</legend>
      {tables.recoveries.map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={chosen.recover.includes(name)}
            onChange={({ currentTarget }) => toggle(name, currentTarget.checked)}
          />{' '}
          {name}
        </label>
      ))}
    </fieldset>
  );
}
