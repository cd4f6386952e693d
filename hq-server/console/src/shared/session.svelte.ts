const TOKEN_KEY = 'juyu.console.token';

/** Why the token entry screen is shown. */
export type SignedOutReason = 'none' | 'refused';

/** The token lives as long as the tab: sessionStorage, never localStorage, and never in the address bar. */
class Session {
  token = $state<string | null>(sessionStorage.getItem(TOKEN_KEY));
  reason = $state<SignedOutReason>('none');

  signIn(token: string): void {
    sessionStorage.setItem(TOKEN_KEY, token);
    this.token = token;
    this.reason = 'none';
  }

  /** HQ answered 401: the token is of no more use. */
  refuse(): void {
    sessionStorage.removeItem(TOKEN_KEY);
    this.token = null;
    this.reason = 'refused';
  }

  signOut(): void {
    sessionStorage.removeItem(TOKEN_KEY);
    this.token = null;
    this.reason = 'none';
  }
}

export const session = new Session();

/** Takes the token out of `#token=...` and out of the address bar and the history in the same step. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null || token === '') return;
  history.replaceState(null, '', `${location.pathname}#/stations`);
  session.signIn(token);
}
