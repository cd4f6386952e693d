import { clearMocks } from '@tauri-apps/api/mocks';
import { cleanup } from '@testing-library/svelte';
import { afterEach, beforeEach } from 'vitest';
import { locale } from '../shared/i18n.svelte';

beforeEach(() => {
  locale.language = 'ko';
});

afterEach(() => {
  cleanup();
  clearMocks();
  delete document.documentElement.dataset['theme'];
});
