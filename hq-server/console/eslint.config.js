import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/generated/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      // Routes are fragments of one page; there is no base path to resolve.
      'svelte/no-navigation-without-resolve': 'off',
      // Dates and parsed addresses are replaced here, never changed in place.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  { files: ['tests/**', 'e2e/**'], rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' } },
);
