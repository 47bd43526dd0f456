import { render } from 'preact';
import { App } from './app.tsx';
import { startWorker } from './worker-client.ts';
import './style/colours.css';
import './style/elements.css';
import './style/page.css';
import './style/parts.css';

startWorker();
render(<App />, document.getElementById('studio')!);
