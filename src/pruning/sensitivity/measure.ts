import type { Calibration } from '../../calibration/calibration.ts';
import { type ComparisonResult, openComparison } from '../../calibration/comparison.ts';
import { cutChannels } from '../../channels/cut-channels.ts';
import { EspalierError } from '../../errors.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { RankedChannels } from '../rank-channels.ts';
import { roundedWidth, type WidthRules } from '../ranking/widths.ts';

/** The result of a network when one unit alone is narrowed. */
export interface SensitivityPoint extends ComparisonResult {
  /** The removed fraction of the unit's channels, in [0, 1]. */
  readonly ratio: number;
  /** Number of channel sets that are kept. */
  readonly kept: number;
}

/** The damage of narrowing one unit at several ratios. */
export interface UnitSensitivity {
  readonly name: string;
  readonly layers: readonly string[];
  /** Number of its channel sets. */
  readonly classes: number;
  /** By increasing ratio; the first is the unchanged network. */
  readonly points: readonly SensitivityPoint[];
}

/** Every n-th of the units that can be narrowed: i, i + n, i + 2n, …. */
export interface UnitPart {
  /** Index of the first unit, from 0. */
  readonly index: number;
  readonly of: number;
}

/** Options of {@link measureSensitivity}. */
export interface SensitivityOptions extends WidthRules {
  readonly executor: Executor;
  readonly ratios: readonly number[];
  readonly calibration: Calibration;
  /** Globs of the outputs that are compared. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Measures only some of the units. Default: all. */
  readonly part?: UnitPart | undefined;
  /** Units measured earlier, by name, which are not measured again. */
  readonly known?: ReadonlyMap<string, UnitSensitivity>;
  /** Called with each unit that was measured. */
  readonly onUnit?: (unit: UnitSensitivity) => void;
  readonly signal?: AbortSignal;
}

/**
 * Narrows each unit alone, at several ratios, and measures accuracy, loss and output errors of the network. Units that cannot
 * be narrowed are omitted.
 *
 * @example
 * const ranked = await rankChannels(network, ranking);
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

/** The units of all {@link UnitPart}s in their original order. */
export function interleavedParts(parts: readonly (readonly UnitSensitivity[])[]): UnitSensitivity[] {
  const longest = Math.max(...parts.map(({ length }) => length));
  return Array.from({ length: longest }, (_, k) => parts.flatMap((units) => units[k] ?? [])).flat();
}
