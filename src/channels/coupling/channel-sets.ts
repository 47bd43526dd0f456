/**
 * Channels that go together, as disjoint sets: a channel is a number, joining is symmetric and transitive. A class may
 * be pinned: it then has the reason why its channels stay.
 */
export interface Classes {
  /** New channels, each in a class of its own; returns the first number. */
  grow(count: number): number;
  /** The number that stands for a channel's class. */
  find(channel: number): number;
  join(a: number, b: number): void;
  /** Keeps a class; the first reason given is the one that is told. */
  pin(channel: number, reason: string): void;
  reasonOf(channel: number): string | null;
  readonly count: number;
}

export function openClasses(): Classes {
  let parents = new Int32Array(1024);
  let count = 0;
  const reasons = new Map<number, string>();

  function find(channel: number): number {
    let root = channel;
    while (parents[root] !== root) root = parents[root]!;
    // Path compression: with union by age the trees stay flat.
    for (let at = channel; parents[at] !== root; ) {
      const next = parents[at]!;
      parents[at] = root;
      at = next;
    }
    return root;
  }

  return {
    grow(more) {
      const first = count;
      count += more;
      if (count > parents.length) {
        const larger = new Int32Array(Math.max(count, 2 * parents.length));
        larger.set(parents);
        parents = larger;
      }
      for (let channel = first; channel < count; channel++) parents[channel] = channel;
      return first;
    },
    find,
    join(a, b) {
      const [x, y] = [find(a), find(b)];
      if (x === y) return;
      const [older, younger] = x < y ? [x, y] : [y, x];
      parents[younger] = older;
      const reason = reasons.get(younger);
      if (reason !== undefined && !reasons.has(older)) reasons.set(older, reason);
      reasons.delete(younger);
    },
    pin(channel, reason) {
      const root = find(channel);
      if (!reasons.has(root)) reasons.set(root, reason);
    },
    reasonOf: (channel) => reasons.get(find(channel)) ?? null,
    get count() {
      return count;
    },
  };
}
