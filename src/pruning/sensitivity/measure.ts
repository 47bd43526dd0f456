import type { Calibration } from '../../calibration/calibration.ts';
import { type ComparisonResult, openComparison } from '../../calibration/comparison.ts';
import { cutChannels } from '../../channels/cut-channels.ts';
import { EspalierError } from '../../errors.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { RankedChannels } from '../rank-channels.ts';
import { roundedWidth, type WidthRules } from '../ranking/widths.ts';

/** What a network does on images when one unit alone is narrowed. */
export interface SensitivityPoint extends ComparisonResult {
  /** The removed fraction of the unit's channels, in [0, 1]. */
  readonly ratio: number;
  /** Channel sets that are kept. */
  readonly kept: number;
}

/** How much a network loses when one unit is narrowed, at several ratios. */
export interface UnitSensitivity {
  readonly name: string;
  readonly layers: readonly string[];
  /** Its channel sets. */
  readonly classes: number;
  /** By rising ratio; the first is the network as it is. */
  readonly points: readonly SensitivityPoint[];
}

/** Every n-th of the units that can be narrowed: those at i, i + n, i + 2n …. */
export interface UnitPart {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** Options of {@link measureSensitivity}. */
export interface SensitivityOptions extends WidthRules {
  readonly executor: Executor;
  readonly ratios: readonly number[];
  readonly calibration: Calibration;
  /** The outputs that count: globs of names. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Measures some of the units alone. Default: all. */
  readonly part?: UnitPart | undefined;
  /** Units measured before, by name: they are not measured again. */
  readonly known?: ReadonlyMap<string, UnitSensitivity>;
  /** Told of each unit when it is measured. */
  readonly onUnit?: (unit: UnitSensitivity) => void;
  readonly signal?: AbortSignal;
}

/**
 * Narrows each unit alone, at several ratios, and measures accuracy, loss and output errors of the network; units that cannot
 * be narrowed are left out.
 *
 * @example
 * const ranked = await rankChannels(network, rankingOptions);
 * const ratios = [0.25, 0.5, 0.75];
 * const sensitivities = await measureSensitivity(ranked, {
 *   ratios,
 *   calibration,
 *   executor: onnxruntime,
 *   round: 1,
 *   floor: 0,
 * });
 */
export async function measureSensitivity(
  { prepared, selector }: RankedChannels,
  options: SensitivityOptions,
): Promise<UnitSensitivity[]> {
  const { units } = prepared;
  const { ratios, known, onUnit, signal, part = { index: 0, of: 1 } } = options;
  const whole = units.map(({ sets }) => sets.length);
  const narrowest = selector.widths(1);
  const asked = [...units.entries()]
    .filter(([index, { sets }]) => narrowest[index] !== sets.length)
    .filter((_, place) => place % part.of === part.index);
  if (asked.length === 0) return [];
  const comparison = await openComparison(prepared.graph, options);
  const measured: UnitSensitivity[] = [];
  for (const [index, unit] of asked) {
    const count = unit.sets.length;
    const before = known?.get(unit.name);
    if (before) {
      measured.push(before);
      continue;
    }
    const widths = ratios.map((ratio) =>
      roundedWidth(unit, (1 - ratio) * count, { ...options, original: count }),
    );
    const points: SensitivityPoint[] = [{ ratio: 0, kept: count, ...comparison.original }];
    for (const kept of new Set(widths)) {
      if (kept === count) continue;
      if (signal?.aborted)
        throw new EspalierError('interrupted', 'measuring interrupted: finished measurements are recorded');
      const removed = selector.removed(whole.map((width, i) => (i === index ? kept : width)));
      const lost = await comparison.compare(cutChannels(prepared, removed).graph);
      points.push({ ratio: 1 - kept / count, kept, ...lost });
    }
    const result = {
      name: unit.name,
      layers: unit.layers.map(({ node }) => node.name),
      classes: count,
      points,
    };
    measured.push(result);
    onUnit?.(result);
  }
  return measured;
}
