/** The milliseconds since it was started, each time it is asked. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}
