import { EspalierError, type ImageSize, networkCosts, networkForms, serializeModel } from 'espalier/core';
import { openModelFiles } from './model-files.ts';
import type { EngineTools, Made, NamedFile, SessionSummary, Version, VersionSummary } from './types.ts';

/** Versions of one network: the dropped file, and what operations made of it, which can be undone and redone. */
export interface Session {
  /** The name of the dropped file, without folder and ending. */
  readonly name: string;
  readonly tools: EngineTools;
  /** Oldest first; those after the current one were undone. */
  readonly versions: readonly Version[];
  readonly current: Version;
  /** The version with an id. Throws `usage` if there is none. */
  version(id: number): Version;
  /** Adds a version that was made of the current one, which then becomes the current one. Undone versions are dropped. */
  add(made: Made): Promise<Version>;
  /** The version before the current one becomes the current one; the first one stays. */
  undo(): Version;
  /** The version that was undone last becomes the current one. */
  redo(): Version;
}

/** Options of {@link openSession}. */
export interface SessionOptions {
  /** Height and width of images, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/**
 * Opens a dropped .onnx file, with its external data if it has any. Throws `missing-file`, `usage`, `invalid-model` or
 * `unsupported`, naming the file.
 */
export async function openSession(
  files: readonly NamedFile[],
  tools: EngineTools,
  { size }: SessionOptions = {},
): Promise<Session> {
  const { name, file, network } = openModelFiles(files);
  const forms = await networkForms(network, async () => tools.executor);
  const cost = await networkCosts(forms, { ...tools, size, bytes: file.bytes.length });
  const original = { id: 0, title: name, network, forms, costs: cost, size, step: null };
  let versions: readonly Version[] = [{ ...original, bytes: () => file.bytes }];
  let at = 0;
  let next = 1;
  const current = () => versions[at]!;
  const moveTo = (index: number) => {
    at = Math.min(Math.max(index, 0), versions.length - 1);
    return current();
  };
  return {
    name,
    tools,
    get versions() {
      return versions;
    },
    get current() {
      return current();
    },
    version: (id) => versionWith(id, versions),
    async add(made) {
      const version = await versionOf(made, next, { tools, size });
      next++;
      versions = [...versions.slice(0, at + 1), version];
      return moveTo(versions.length - 1);
    },
    undo: () => moveTo(at - 1),
    redo: () => moveTo(at + 1),
  };
}

function versionWith(id: number, versions: readonly Version[]): Version {
  const found = versions.find((version) => version.id === id);
  if (found) return found;
  const known = versions.map((version) => version.id).join(', ');
  throw new EspalierError('usage', `expected a version (${known}), found ${id}`);
}

async function versionOf(
  { title, network, step }: Made,
  id: number,
  { tools, size }: Pick<Session, 'tools'> & SessionOptions,
): Promise<Version> {
  const forms = await networkForms(network, async () => tools.executor);
  // Written again when it is asked for: each version would otherwise hold its weights twice.
  const bytes = () => serializeModel(network);
  const cost = await networkCosts(forms, { ...tools, size, bytes: bytes().length });
  return { id, title, network, forms, costs: cost, size, step, bytes };
}

/** What the page shows of a session. */
export const summaryOf = ({ name, versions, current }: Session): SessionSummary => ({
  name,
  versions: versions.map(versionSummary),
  current: current.id,
  notes: versions[0]!.forms.notes,
});

/** What the page shows of a version. */
export const versionSummary = ({
  id,
  title,
  costs: { macs, parameters, bytes },
  step,
}: Version): VersionSummary => ({
  id,
  title,
  macs,
  parameters,
  bytes,
  step,
});
