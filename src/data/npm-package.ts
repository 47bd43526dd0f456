import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EspalierError } from '../errors.ts';

const run = promisify(execFile);

/**
 * Downloads an npm package into a folder, from the registry that npm is configured for, and unpacks it. Returns the path of
 * its contents. Throws `io`, with the output, if npm or tar fails.
 */
export async function unpackNpmPackage(spec: string, folder: string): Promise<string> {
  await command(
    'npm',
    ['pack', spec, '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
    spec,
  );
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new EspalierError('io', 'npm pack wrote no file', { where: spec });
  // Relative names, since some versions of tar treat `C:` as a remote host.
  await command('tar', ['-xzf', tarball], spec, folder);
  return join(folder, 'package');
}

async function command(program: string, args: string[], spec: string, cwd?: string): Promise<void> {
  // On Windows npm is a script, which needs a shell.
  const shell = process.platform === 'win32' && program === 'npm';
  await run(program, args, { cwd, shell }).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    const message = cause.code === 'ENOENT' ? 'the program is not installed' : `failed: ${reason(cause)}`;
    throw new EspalierError('io', message, { where: `${program} for ${spec}`, cause });
  });
}

/** The first line of npm's output that describes the error. */
function reason(error: Error & { stderr?: string }): string {
  const lines = (error.stderr ?? '').split('\n').map((line) => line.replace(/^npm (error|ERR!) /, ''));
  const telling = lines.find((line) => line !== '' && !/^(code|syscall|errno|path) /.test(line));
  return telling ?? error.message.split('\n')[0]!;
}
