import type { ShapesFound } from '../../engine/look/look.ts';
import { runJob } from '../jobs.ts';
import { ShapeCards } from '../parts/shape-cards.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import type { SectionProps } from './network-look.tsx';
import { versionKey } from './state.ts';

/** Pictures of the living stripes of each filter, for the layers that have zero stripes. */
export function FilterShapes({ version }: SectionProps) {
  const found = useLoaded(versionKey(version), () =>
    runJob<ShapesFound>('Reading the shapes', (api) => api.shapes(version)),
  );
  if (!found) return null;
  const { layers, dense } = found;
  if (layers.length === 0) {
    return (
      <p class="lead">
        No convolution has a zero stripe: each of its filters uses every position of its kernel.
      </p>
    );
  }
  return (
    <>
      <p class="lead">
        A square is one position of a kernel, filled where the stripe of weights is not zero. The large
        squares show how many percent of the filters use each position.
        {dense > 0 && ` ${dense} other convolutions have no zero stripe.`}
      </p>
      <ShapeCards layers={layers} />
    </>
  );
}
