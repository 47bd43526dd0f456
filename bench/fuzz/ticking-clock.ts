/**
 * Gives this process a clock that advances by one millisecond each time it is asked. What a mutated file takes is no result: a sample is
 * then one run, equal times settle at once, and what is chosen by time is the same in every run.
 */
export function tickingClock(): void {
  let ticks = 0;
  performance.now = () => ticks++;
}
