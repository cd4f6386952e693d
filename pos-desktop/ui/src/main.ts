import 'pretendard/dist/web/variable/pretendardvariable.css';
import { mount } from 'svelte';
import './shared/tokens.css';
import './shared/base.css';
import Main from './views/Main.svelte';

const target = document.getElementById('till');
if (target === null) throw new Error('index.html has no #till to draw the window into');

export default mount(Main, { target });
