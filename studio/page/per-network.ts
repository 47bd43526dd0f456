import { effect, type Signal, signal } from '@preact/signals';
import { openings } from './state.ts';

/** A state of the page that is as in the beginning whenever something else is opened. */
export function perNetwork<T>(initial: T): Signal<T> {
  const state = signal(initial);
  effect(() => {
    openings.value;
    state.value = initial;
  });
  return state;
}
