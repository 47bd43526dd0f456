import { Suspense } from 'preact/compat';
import { openFiles } from './open-files.ts';
import { DropArea } from './parts/drop-area.tsx';
import { FailureBar } from './parts/failure-bar.tsx';
import { Header } from './parts/header.tsx';
import { ProgressBar } from './parts/progress-bar.tsx';
import { Tabs } from './parts/tabs.tsx';
import { shownView } from './state.ts';
import { viewNamed } from './views.ts';

/** The page: header, tabs, the shown view, and what is reported of errors and progress. */
export function App() {
  const { name, View } = viewNamed(shownView.value);
  return (
    <DropArea onDrop={openFiles}>
      <Header />
      <Tabs />
      <FailureBar />
      <main>
        <div class="view" id={`panel-${name}`} role="tabpanel" aria-labelledby={`tab-${name}`}>
          <Suspense fallback={<p class="quiet">Loading …</p>}>
            <View />
          </Suspense>
        </div>
      </main>
      <ProgressBar />
    </DropArea>
  );
}
