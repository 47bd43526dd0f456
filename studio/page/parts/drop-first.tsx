import type { DroppedFile } from '../../worker/api.ts';
import { openFiles } from '../open-files.ts';
import { imageSize, lastFiles } from '../state.ts';
import { FileButtons } from './file-buttons.tsx';

/** What a view shows as long as nothing is open. */
export function DropFirst() {
  return (
    <section class="drop-first">
      <h2>Drop an .onnx file here</h2>
      <p class="quiet">
        A model with its external data, a folder written by <code>espalier compile</code>, or the folder of a
        run. Nothing leaves this machine.
      </p>
      <FileButtons />
      {lastFiles.value && <OpenAgain files={lastFiles.value} />}
      <SizeField />
    </section>
  );
}

/** Opens the last files again: with a size, or after the worker has ended. */
const OpenAgain = ({ files }: { readonly files: readonly DroppedFile[] }) => (
  <button type="button" class="primary" onClick={() => openFiles(files)}>
    Open {files[0]!.name} again
  </button>
);

/** The size of images, which some networks leave open. */
function SizeField() {
  const read = ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) => {
    const [, height, width = height] = /^\s*(\d+)\s*(?:[x×]\s*(\d+)\s*)?$/.exec(value) ?? [];
    imageSize.value = height ? { height: Number(height), width: Number(width) } : null;
  };
  return (
    <label class="quiet">
      Image size, if the network leaves it open:{' '}
      <input class="size" placeholder="224 or 192x320" onInput={read} />
    </label>
  );
}
