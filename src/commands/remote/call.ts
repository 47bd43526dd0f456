import { resultOf, TASK_OPTIONS, type TaskQueue } from '../../distributed/queue.ts';
import { fetchFiles } from '../../distributed/stored-files.ts';
import { type CommandDone, checkedCommandDone } from '../../distributed/tasks.ts';
import { commandTask, type RemoteCall } from './task.ts';

/** Executes a command on a worker, and fetches its output into the call's folder. */
export async function callRemotely(
  call: RemoteCall,
  tasks: TaskQueue,
  signal: AbortSignal,
): Promise<CommandDone> {
  const { queue, store } = tasks;
  const id = `${call.run}-${call.command.name}-${call.name}`;
  const ask = async () =>
    queue.add('command', await commandTask(call, store), { ...TASK_OPTIONS, jobId: id });
  const done = checkedCommandDone(await resultOf(tasks, { id, name: null, ask, signal }));
  await fetchFiles(done.files, call.folder, store);
  return done;
}
