import { defaulted, optional, positive, text } from './flags.ts';

/** Flags of commands that can hand their work to other machines. */
export const queueFlags = {
  redis: optional(
    '--redis <url>',
    'work on the machines where espalier worker listens to this server, in place of this one',
    text,
  ),
  store: optional(
    '--store <dir>',
    'with --redis: a folder that all machines see; Redis itself where left out',
    text,
  ),
  patience: defaulted('--patience <s>', 'with --redis: seconds to wait for a worker to show up', [
    positive,
    600,
  ]),
};
