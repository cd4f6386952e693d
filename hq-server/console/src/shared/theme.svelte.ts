export type Theme = 'light' | 'dark' | 'system';

const THEME_KEY = 'juyu.console.theme';

function firstTheme(): Theme {
  const kept = localStorage.getItem(THEME_KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

class Appearance {
  theme = $state<Theme>(firstTheme());

  /** Without the attribute the stylesheet follows the system's setting. */
  show(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(THEME_KEY, theme);
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
}

export const appearance = new Appearance();
