import { useEffect, useState } from 'preact/hooks';

/** What `load` returns, loaded again whenever the key changes; null until it is there. */
export function useLoaded<T>(key: unknown, load: () => Promise<T | null>): T | null {
  const [loaded, setLoaded] = useState<{ readonly key: unknown; readonly value: T | null } | null>(null);
  useEffect(() => {
    let current = true;
    void load().then((value) => {
      if (current) setLoaded({ key, value });
    });
    return () => {
      current = false;
    };
  }, [key]);
  return loaded && loaded.key === key ? loaded.value : null;
}
