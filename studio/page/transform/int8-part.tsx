import { useSignal } from '@preact/signals';
import { images } from '../images/state.ts';
import { runStep } from '../session.ts';

/** Quantisation: the layers that stay in floating point, and the button that quantises. */
export function Int8Part() {
  const globs = useSignal('');
  const apply = () => {
    const floatLayers = globs.value.split(',').flatMap((glob) => glob.trim() || []);
    return runStep('Quantising', (api, job, report) => api.quantize({ floatLayers }, job, report));
  };
  return (
    <section class="transform" aria-labelledby="int8-title">
      <h3 id="int8-title">8-bit integers</h3>
      <p class="quiet">
        Weights and activations become 8-bit integers, with ranges observed on the dropped images. Do it last:
        it cannot be folded or reconstructed afterwards.
      </p>
      <label class="field">
        Layers in floating point
        <input
          placeholder="conv1, fc*"
          onInput={({ currentTarget }) => (globs.value = currentTarget.value)}
        />
      </label>
      <button type="button" disabled={!images.value} onClick={apply}>
        {images.value ? 'Quantise' : 'Quantise (needs images)'}
      </button>
    </section>
  );
}
