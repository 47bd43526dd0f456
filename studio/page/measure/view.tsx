import '../style/measure.css';
import type { MeasureChoice, Measurement } from '../../engine/measure/types.ts';
import type { SessionSummary } from '../../engine/types.ts';
import { runJob } from '../jobs.ts';
import { DropFirst } from '../parts/drop-first.tsx';
import { opened } from '../state.ts';
import { ChoiceForm } from './choice-form.tsx';
import { Latencies } from './latencies.tsx';
import { measurement, mostThreads } from './state.ts';

/** The versions of the open network, measured in turns in this browser. */
export const MeasureView = () =>
  opened.value?.kind === 'network' ? <Measure session={opened.value.session} /> : <DropFirst />;

function Measure({ session }: { readonly session: SessionSummary }) {
  const measure = async (choice: MeasureChoice) => {
    const found = await runJob<Measurement>('Measuring', (api, job, report) =>
      api.measure(choice, job, report),
    );
    if (found) measurement.value = { of: session.name, found };
  };
  return (
    <div class="measure">
      <ChoiceForm session={session} onMeasure={measure} />
      {mostThreads === 1 && !crossOriginIsolated && (
        <p class="remark">
          This page is not cross-origin isolated, so networks run on one thread: <code>espalier studio</code>{' '}
          serves it with the headers that threads need.
        </p>
      )}
      {measurement.value?.of === session.name && <Latencies {...measurement.value.found} />}
    </div>
  );
}
