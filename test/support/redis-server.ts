import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** Whether Redis is installed here. */
export const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Kills it, and starts it again from what it wrote to disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis server of its own in a folder, on a free port, with a password; it writes every change to disk. */
export async function startRedis(folder: string, password = 'secret'): Promise<RedisServer> {
  const port = await freePort();
  let server = launch(folder, port, password);
  await answers(port);
  const stop = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      server.once('exit', () => resolve());
      server.kill(signal);
    });
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    port,
    async restart() {
      await stop('SIGKILL');
      server = launch(folder, port, password);
      await answers(port);
    },
    stop: () => stop('SIGTERM'),
  };
}

function launch(folder: string, port: number, password: string): ChildProcess {
  const settings = {
    port,
    dir: folder,
    requirepass: password,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return spawn('redis-server', flags, { stdio: 'ignore' });
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });

async function answers(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.end();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`redis-server does not listen on ${port}`);
}
