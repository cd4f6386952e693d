import { mount } from 'svelte';
import './shared/tokens.css';
import './shared/base.css';
import App from './App.svelte';
import { reading } from './shared/i18n.svelte';
import { route } from './shared/route.svelte';
import { takeTokenFromAddress } from './shared/session.svelte';
import { appearance } from './shared/theme.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app');

takeTokenFromAddress();
route.follow();
appearance.show(appearance.theme);
reading.read(reading.language);
mount(App, { target });
