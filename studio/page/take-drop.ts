import type { DroppedFile } from '../worker/api.ts';
import { isPicture, useImages } from './images/state.ts';
import { openFiles } from './open-files.ts';
import { session } from './session.ts';

/** Opens what was dropped; pictures become the images of the open network. */
export const takeDrop = (files: readonly DroppedFile[]): Promise<void> =>
  session.value && files.length > 0 && files.every(isPicture) ? useImages(files) : openFiles(files);
