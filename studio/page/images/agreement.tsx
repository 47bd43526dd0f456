import '../style/images.css';
import { formatPercent, type OutputAgreement } from 'espalier/core';
import { useEffect, useMemo } from 'preact/hooks';
import type { ImageAgreement, WorstImage } from '../../engine/images/agreement.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { agreements, compare, images } from './state.ts';

/** How far a version agrees with the dropped file on the images, and the images that differ most. */
export function AgreementPart({ version }: { readonly version: number }) {
  if (!images.value || version === 0) return null;
  const found = agreements.value.get(version);
  return (
    <section class="part" aria-labelledby="agreement-title">
      <div class="row">
        <h2 id="agreement-title">Beside the original, on the images</h2>
        <button type="button" onClick={() => compare(version)}>
          {found ? 'Compare again' : 'Compare'}
        </button>
      </div>
      {found && <Agreement found={found} />}
    </section>
  );
}

function Agreement({ found }: { readonly found: ImageAgreement }) {
  return (
    <>
      <p class="lead">
        {found.sameClass !== null && `The same class for ${formatPercent(found.sameClass, 1)}. `}
        The error is ‖y − y₀‖/‖y₀‖ over {found.images} images, where y₀ is the output of the dropped file.
      </p>
      <DataTable caption="Outputs" columns={columns} rows={found.outputs} />
      <h3>The images that differ most</h3>
      <ul class="worst">
        {found.worst.map((image) => (
          <Picture key={image.index} image={image} />
        ))}
      </ul>
    </>
  );
}

const columns: readonly Column<OutputAgreement>[] = [
  { head: 'Output', cell: ({ name }) => name, order: ({ name }) => name },
  {
    head: 'Error',
    cell: ({ error }) => formatPercent(error, 2),
    order: ({ error }) => error,
    align: 'right',
  },
  {
    head: 'Same class',
    cell: ({ same }) => (same ? `${formatPercent(same.part, 1)} of ${same.of}` : '–'),
    order: ({ same }) => same?.part ?? -1,
    align: 'right',
  },
];

function Picture({ image }: { readonly image: WorstImage }) {
  const { index, name, error, classes } = image;
  const file = images.value?.files[index]?.file;
  const url = useMemo(() => (file ? URL.createObjectURL(file) : ''), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <li>
      <figure>
        <img src={url} alt={name} loading="lazy" />
        <figcaption>
          <span class="name">{name}</span>
          <span>error {formatPercent(error, 1)}</span>
          {classes && (
            <span class={classes.before === classes.after ? 'quiet' : 'differs'}>
              class {classes.before}
              {classes.before === classes.after ? ', the same' : ` → ${classes.after}`}
            </span>
          )}
        </figcaption>
      </figure>
    </li>
  );
}
