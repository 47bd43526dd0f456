import { benchmark } from '../../measure/latency.ts';
import { costs } from '../../measure/macs.ts';
import { serializeModel } from '../../onnx/index.ts';
import type { FormChooser } from './index.ts';

/** Forms that are slower than the fastest by no more than this count as equal: fewer MACs decide. */
const TIE = 1.03;

/**
 * Chooses each layer's form by its time in onnxruntime on this machine: one image, forms in turn, `seconds` a form
 * (default 0.1), `threads` (default 1).
 */
export function fastestForm(
  options: { readonly seconds?: number; readonly threads?: number } = {},
): FormChooser {
  const { seconds = 0.1, threads = 1 } = options;
  return async ({ forms }) => {
    const { models } = await benchmark(
      forms.map(({ graph }) => serializeModel(graph)),
      { seconds, threads },
    );
    const best = Math.min(...models.map(({ medianMs }) => medianMs));
    const candidates = forms.filter((_, i) => models[i]!.medianMs <= best * TIE);
    candidates.sort((a, b) => costs(a.graph).macs - costs(b.graph).macs);
    return candidates[0]!.form;
  };
}
