import { chosenFiles } from '../dropped-files.ts';
import { openFiles } from '../open-files.ts';

/** Buttons that choose files, or a folder, to open. */
export function FileButtons() {
  return (
    <span class="buttons">
      <FileButton label="Open file" />
      <FileButton label="Open folder" folder />
    </span>
  );
}

function FileButton({ label, folder = false }: { readonly label: string; readonly folder?: boolean }) {
  const choose = ({ currentTarget: input }: { currentTarget: HTMLInputElement }) => {
    const files = chosenFiles(input.files ?? []);
    // So that the same file can be chosen again.
    input.value = '';
    if (files.length > 0) void openFiles(files);
  };
  return (
    <label class="button">
      {label}
      <input
        class="hidden"
        type="file"
        multiple
        {...(folder && { webkitdirectory: true })}
        onChange={choose}
      />
    </label>
  );
}
