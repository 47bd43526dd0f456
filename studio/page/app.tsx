import { Suspense } from 'preact/compat';
import { DropArea } from './parts/drop-area.tsx';
import { FailureBar } from './parts/failure-bar.tsx';
import { Header } from './parts/header.tsx';
import { ProgressBar } from './parts/progress-bar.tsx';
import { TabList, TabPanel } from './parts/tab-list.tsx';
import { shownView } from './state.ts';
import { takeDrop } from './take-drop.ts';
import { viewNamed, views } from './views.ts';

/** The page: header, tabs, the shown view, and what is reported of errors and progress. */
export function App() {
  const { name, title, View } = viewNamed(shownView.value);
  const show = (view: string) => {
    shownView.value = view;
  };
  return (
    <DropArea onDrop={takeDrop}>
      <header>
        <Header />
        <TabList class="tabs" label="Views" tabs={views} selected={name} onSelect={show} />
      </header>
      <FailureBar />
      <main>
        <TabPanel name={name}>
          <h2 class="hidden">{title}</h2>
          <Suspense fallback={<p class="quiet">Loading …</p>}>
            <View />
          </Suspense>
        </TabPanel>
      </main>
      <ProgressBar />
    </DropArea>
  );
}
