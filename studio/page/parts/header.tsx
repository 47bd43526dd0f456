import type { Opened } from '../../worker/api.ts';
import { opened } from '../state.ts';
import { FileButtons } from './file-buttons.tsx';

/** The name of the page, what is open, and the buttons that open something else. */
export function Header() {
  return (
    <div class="header">
      <h1>
        <Mark /> Espalier <span class="quiet">Studio</span>
      </h1>
      {opened.value && <p class="file-name">{nameOf(opened.value)}</p>}
      <FileButtons />
    </div>
  );
}

const nameOf = (found: Opened): string =>
  found.kind === 'network' ? found.session.name : found.contents.name;

/** A tree trained flat. */
const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M16 29V5M16 22H7a3 3 0 0 1-3-3v-4M16 22h9a3 3 0 0 0 3-3v-4M16 12h-5a2 2 0 0 1-2-2V7M16 12h5a2 2 0 0 0 2-2V7" />
  </svg>
);
