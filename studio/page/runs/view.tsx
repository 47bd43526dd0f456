import '../style/runs.css';
import { useEffect } from 'preact/hooks';
import { Comparison } from './comparison.tsx';
import { RunList } from './run-list.tsx';
import { RunPage } from './run-page.tsx';
import { StartForm } from './start-form.tsx';
import { chosen, chosenRuns, connected, findFolder, folder, follow } from './state.ts';

/** The runs below the folder of the server: a list, and the chosen ones below it. */
export function RunsView() {
  const isServed = folder.value !== null && folder.value !== 'none';
  useEffect(() => {
    if (folder.value === null) void findFolder();
  }, []);
  useEffect(() => (isServed ? follow(chosen.value) : undefined), [isServed, chosen.value]);
  if (folder.value === null) return <p class="quiet">Loading …</p>;
  if (folder.value === 'none') return <NotServed />;
  const [first, ...others] = chosenRuns.value;
  return (
    <div class="runs">
      <header class="runs-header">
        <h2>Runs</h2>
        <p class="quiet">
          in <code>{folder.value.path}</code>
        </p>
      </header>
      {!connected.value && (
        <p class="remark warn" role="status">
          The server does not answer. The list is followed again as soon as it does.
        </p>
      )}
      <StartForm />
      <RunList />
      {first && others.length === 0 && <RunPage run={first} />}
      {others.length > 0 && <Comparison />}
    </div>
  );
}

const NotServed = () => (
  <section class="drop-first">
    <h2>No folder of runs</h2>
    <p class="quiet">
      Start the page with <code>espalier studio DIR</code> to follow the runs below a folder, to compare them
      and to start new ones. The folder of a single run can be dropped on the page.
    </p>
  </section>
);
