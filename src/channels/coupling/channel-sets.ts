/**
 * Channels that can only be removed together, as disjoint sets of labels (union-find). A pinned set cannot be removed, and
 * has a reason.
 */
export interface ChannelSets {
  /** Adds channels, each in its own set; returns the first label. */
  grow(count: number): number;
  /** The root label of a channel's set. */
  find(channel: number): number;
  join(a: number, b: number): void;
  /** Pins the set of a channel; the first reason is kept. */
  pin(channel: number, reason: string): void;
  reasonOf(channel: number): string | null;
  readonly count: number;
}

export function openChannelSets(): ChannelSets {
  let parents = new Int32Array(1024);
  let count = 0;
  const reasons = new Map<number, string>();

  function find(channel: number): number {
    let root = channel;
    while (parents[root] !== root) root = parents[root]!;
    // Path compression: together with union by age, the trees stay flat.
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
