/** The exit code of an interrupted process. */
export const INTERRUPTED = 130;

/** Handles Ctrl-C and requests to terminate. */
export interface InterruptWatch {
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * The first Ctrl-C aborts the signal and calls `onFirst`; the second terminates the process at once with 130. If the command
 * does not listen to the signal, the first one terminates.
 */
export function watchInterrupts(listens: boolean, onFirst: () => void): InterruptWatch {
  const controller = new AbortController();
  const interrupt = () => {
    if (!listens || controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
    onFirst();
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, interrupt);
  return {
    signal: controller.signal,
    stop: () => names.forEach((name) => process.off(name, interrupt)),
  };
}
