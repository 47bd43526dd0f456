import '../style/images.css';
import type { ImageFit } from 'espalier/core';
import { chosenFiles } from '../dropped-files.ts';
import { images, preprocessingOptions, useImages } from './state.ts';

/** Where images are dropped for calibration, recovery and comparison. */
export function ImagesArea() {
  const choose = async ({ currentTarget: input }: { currentTarget: HTMLInputElement }) => {
    const files = chosenFiles(input.files ?? []);
    input.value = '';
    if (files.length > 0) await useImages(files);
  };
  return (
    <section class="images" aria-label="Images">
      <h3>Images</h3>
      <p class="quiet">
        {images.value
          ? inUse(images.value.names.length)
          : 'Drop a few hundred images on the page, like those the network will see. They need no labels.'}
      </p>
      <label class="button">
        Choose images
        <input class="hidden" type="file" accept="image/*" multiple onChange={choose} />
      </label>
      <details>
        <summary>How images become inputs</summary>
        <p class="quiet">Only what the network does not store; numbers are of x/255.</p>
        <NumbersField name="mean" />
        <NumbersField name="std" />
        <SizeField />
        <FitField />
      </details>
    </section>
  );
}

const inUse = (count: number): string =>
  `${count} ${count === 1 ? 'image is' : 'images are'} in use. Drop others to replace them.`;

/** Numbers of the channels, or one for all. */
function NumbersField({ name }: { readonly name: 'mean' | 'std' }) {
  const read = ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) => {
    const numbers = value.split(',').map(Number);
    const known = value.trim() !== '' && numbers.every(Number.isFinite);
    preprocessingOptions.value = { ...preprocessingOptions.value, [name]: known ? numbers : undefined };
  };
  return (
    <label class="field">
      {name} <input placeholder="0.485,0.456,0.406" onInput={read} />
    </label>
  );
}

function SizeField() {
  const read = ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) => {
    const [height, width = height] = value.split(/[x×]/).map(Number);
    const size = height && width ? { height, width } : undefined;
    preprocessingOptions.value = { ...preprocessingOptions.value, size };
  };
  return (
    <label class="field">
      size <input placeholder="224 or 192x320" onInput={read} />
    </label>
  );
}

/** What each way to resize does. */
const fits: Readonly<Record<ImageFit, string>> = {
  crop: 'crop the centre',
  letterbox: 'add a border',
  stretch: 'change the aspect ratio',
};

function FitField() {
  const choose = ({ currentTarget: { value } }: { currentTarget: HTMLSelectElement }) => {
    const fit = value === '' ? undefined : (value as ImageFit);
    preprocessingOptions.value = { ...preprocessingOptions.value, fit };
  };
  return (
    <label class="field">
      fit{' '}
      <select onChange={choose}>
        <option value="">as stored, else crop</option>
        {Object.entries(fits).map(([name, text]) => (
          <option key={name} value={name}>
            {name}: {text}
          </option>
        ))}
      </select>
    </label>
  );
}
