import { defaulted, optional, positive, text } from './flags.ts';

/** Flags of commands that can use other machines. */
export const queueFlags = {
  redis: optional(
    '--redis <url>',
    'URL of a Redis server; the work is done by the machines on which espalier worker is connected to it',
    text,
  ),
  store: optional(
    '--store <dir>',
    'with --redis: a folder that all machines can read and write, for exchanging files (default: through Redis)',
    text,
  ),
  patience: defaulted('--patience <s>', 'with --redis: seconds to wait for a worker to connect', [
    positive,
    600,
  ]),
};
