import { dirname, join } from 'node:path';
import type { StripeGain } from '../deploy/deploy-stripes.ts';
import { formatRatio } from '../numeric/quantities.ts';
import { printableLine } from '../printable.ts';
import { smallGain, speedText } from '../report/latency.ts';
import type { CompiledRun } from './compile/compile-run.ts';

interface PrunedModel {
  /** The file that was written: with zero stripes, or another form of it, beside `model-dense.onnx`. */
  readonly model: string;
  readonly gain: StripeGain;
  readonly compiled: CompiledRun | null;
}

/**
 * A hint on how to deploy a network with zero stripes: in onnxruntime if its fastest form is faster there, else with
 * `compile`.
 */
export function deploymentHint({ model, gain: { latency, macs }, compiled }: PrunedModel): string {
  const promise = formatRatio(macs.before / macs.live);
  const dense = model.endsWith('/model.onnx') ? join(dirname(model), 'model-dense.onnx') : model;
  const kernels = compiled ? join(compiled.out, 'model.js') : `espalier compile ${dense} --out compiled`;
  return printableLine(
    smallGain(latency) === null
      ? `next     onnxruntime gains from the zero stripes, ${speedText(latency)} of ${promise} that their MACs suggest: espalier deploy ${dense}; for browsers: ${kernels}`
      : `next     onnxruntime gains nothing from the zero stripes, whose MACs suggest ${promise}; kernels that skip all of them: ${kernels}`,
  );
}
