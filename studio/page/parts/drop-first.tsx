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
    </section>
  );
}
