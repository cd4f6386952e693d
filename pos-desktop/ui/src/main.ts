import 'pretendard/dist/web/variable/pretendardvariable.css';
import { mount } from 'svelte';
import './shared/tokens.css';
import './shared/base.css';
import Till from './views/Till.svelte';

const target = document.getElementById('till');
if (target === null) throw new Error('index.html has no #till to draw the window into');

export default mount(Till, { target });
