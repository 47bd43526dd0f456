import type { CompiledModel } from '../compile.ts';
import type { Profile } from '../profile.ts';

/** The value of `format` in the report of a compiled folder. */
export const REPORT_FORMAT = 'espalier.compiled';

/** `report.json`: contents of the modules, deviation from the given file, and the time of each step. */
export function reportOf(model: CompiledModel, profile: Profile | null) {
  const { network, weights, verification } = model;
  const { relaxed, baseline } = network.modules;
  return {
    format: REPORT_FORMAT,
    name: model.name,
    inputs: network.inputs.map(({ name, shape }) => ({ name, shape })),
    outputs: network.outputs.map(({ name, shape }) => ({ name, shape })),
    moduleBytes: { relaxed: relaxed.length, baseline: baseline.length },
    threads: network.threaded?.threads ?? 1,
    memoryBytes: network.memoryBytes,
    weights: { type: weights.type, bytes: weights.bytes.length },
    macs: network.steps.reduce((sum, { macs }) => sum + macs, 0),
    verification,
    measured: profile && {
      engine: profile.engine,
      module: profile.module,
      peakGflops: profile.peakGflops,
      ms: profile.ms,
    },
    steps: network.steps.map((step, i) => ({ ...step, ...(profile && speedOf(step.macs, i, profile)) })),
  };
}

/** The contents of `report.json`. */
export type CompiledReport = ReturnType<typeof reportOf>;

function speedOf(macs: number, index: number, { stepMs, peakGflops }: Profile) {
  const ms = stepMs[index] ?? 0;
  const gflops = macs === 0 ? null : (2 * macs) / ms / 1e6;
  return { ms, gflops, shareOfPeak: gflops === null ? null : gflops / peakGflops };
}
