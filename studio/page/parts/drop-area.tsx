import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { DroppedFile } from '../../worker/api.ts';
import { droppedFiles } from '../dropped-files.ts';

/** Takes files that are dropped anywhere on its children. */
export function DropArea({ onDrop, children }: DropAreaProps) {
  const over = useSignal(false);
  // For dragenter and dragover: an element that appears under the pointer may get a dragenter only, before the drop.
  const accept = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    over.value = true;
  };
  const leave = (event: DragEvent) => {
    if (!(event.currentTarget as Element).contains(event.relatedTarget as Element | null)) over.value = false;
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    over.value = false;
    if (event.dataTransfer) onDrop(await droppedFiles(event.dataTransfer));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons that open files do the same by keyboard
    <div
      class={over.value ? 'page over' : 'page'}
      onDragEnter={accept}
      onDragOver={accept}
      onDragLeave={leave}
      onDrop={drop}
    >
      {children}
    </div>
  );
}

interface DropAreaProps {
  readonly onDrop: (files: readonly DroppedFile[]) => void;
  readonly children: ComponentChildren;
}
