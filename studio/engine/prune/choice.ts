import {
  type CriterionName,
  completeSettings,
  criteria,
  type Granularity,
  granularities,
  normalizations,
  type PruningSettings,
  pieceCriteria,
  pruningDefaults,
  type RankingScope,
  type Recovery,
  recoveries,
  reductions,
  type ScoreNormalization,
  type ScoreReduction,
} from 'espalier/core';
import type { OptionValue } from '../types.ts';

/** What is chosen on the page for pruning, named like the options of the command `prune`. Plain data. */
export interface PruneChoice {
  /** A latency is no target here: it would be measured again at each move of the slider. */
  readonly target: { readonly measure: 'macs' | 'parameters' | 'ratio'; readonly fraction: number };
  readonly criterion: CriterionName;
  readonly granularity: Granularity;
  readonly scope: RankingScope;
  readonly round: number;
  readonly floor: number;
  /** Names or globs of layers that are not pruned. */
  readonly exclude: readonly string[];
  /** null: the criterion's default. */
  readonly normalize: ScoreNormalization | null;
  readonly reduce: ScoreReduction;
  /** Recovery on dropped images, in this order. */
  readonly recover: readonly Recovery[];
}

/** The choice before anything is chosen: the defaults of the command line, and half of the MACs. */
export const defaultChoice: PruneChoice = {
  target: { measure: 'macs', fraction: 0.5 },
  criterion: pruningDefaults.criterion,
  granularity: pruningDefaults.granularity,
  scope: pruningDefaults.scope,
  round: pruningDefaults.round,
  floor: pruningDefaults.floor,
  exclude: [],
  normalize: null,
  reduce: pruningDefaults.reduce,
  recover: recoveries,
};

/** What can be chosen, from the library's own tables. Plain data. */
export interface PruneTables {
  readonly criteria: readonly {
    readonly name: CriterionName;
    readonly needs: 'weights' | 'images' | 'labels';
    readonly paper: string | null;
    /** Granularities for which it can score. */
    readonly granularities: readonly Granularity[];
  }[];
  readonly granularities: readonly Granularity[];
  readonly scopes: readonly RankingScope[];
  readonly normalizations: readonly ScoreNormalization[];
  readonly reductions: readonly ScoreReduction[];
  readonly recoveries: readonly Recovery[];
  readonly defaults: PruneChoice;
}

/** What can be chosen for pruning. */
export const pruneTables = (): PruneTables => ({
  criteria: keysOf(criteria).map((name) => ({
    name,
    needs: criteria[name].needs,
    paper: criteria[name].paper ?? null,
    granularities: granularities.filter((granularity) => canScore(name, granularity)),
  })),
  granularities,
  scopes: ['local', 'global'],
  normalizations: keysOf(normalizations),
  reductions: keysOf(reductions),
  recoveries,
  defaults: defaultChoice,
});

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>): K[] => Object.keys(table) as K[];

function canScore(name: CriterionName, granularity: Granularity): boolean {
  const pieces: readonly CriterionName[] = pieceCriteria;
  if (granularity === 'filter') return true;
  return granularity === 'channel' ? criteria[name].sides.includes('inputs') : pieces.includes(name);
}

/** The library's settings for a choice. */
export const settingsOf = ({ target, exclude, normalize, ...choice }: PruneChoice): PruningSettings =>
  completeSettings(target, {
    ...choice,
    normalize: normalize ?? undefined,
    layerRatios: exclude.map((glob) => ({ glob, ratio: 0 })),
  });

/** The options of the command `prune` for a choice, as in a recipe. `data` is the folder of images, if there are any. */
export const optionsOf = (
  { target, exclude, normalize, recover, ...choice }: PruneChoice,
  data: string | null,
): Record<string, OptionValue> => ({
  [target.measure]: target.fraction,
  ...choice,
  // A list is written with commas.
  ...(exclude.length > 0 && { exclude: exclude.map((glob) => glob.replaceAll(',', '?')) }),
  ...(normalize && { normalize }),
  ...(data !== null && { data, recover: recover.length > 0 ? recover : ['none'] }),
});
