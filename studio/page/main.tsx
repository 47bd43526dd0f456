import { render } from 'preact';
import { App } from './app.tsx';
import './style/colours.css';
import './style/elements.css';
import './style/page.css';
import './style/parts.css';

render(<App />, document.getElementById('studio')!);
