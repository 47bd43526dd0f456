/** Starts a stopwatch. Each call of the returned function gives the milliseconds since then. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}
