import { runStep } from '../session.ts';

/** Deployment: the button that times forms of layers with zero stripes. */
export function FormsPart() {
  const apply = () => runStep('Timing forms', (api, job, report) => api.deployForms(job, report));
  return (
    <section class="transform" aria-labelledby="forms-title">
      <h3 id="forms-title">Deploy forms</h3>
      <p class="quiet">
        Writes each layer with zero stripes in its fastest exact form, such as cropped kernels. Forms are
        timed in this browser, on one thread; for networks pruned by stripe or group.
      </p>
      <button type="button" onClick={apply}>
        Time and choose
      </button>
    </section>
  );
}
