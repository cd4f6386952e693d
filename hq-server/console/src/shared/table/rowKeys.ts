/** Arrow keys walk a table: the same control in the row above or below takes the focus. For `{@attach rowKeys}`. */
export function rowKeys(body: HTMLElement): () => void {
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const control = event.target as HTMLElement;
    const row = control.closest<HTMLElement>('tr[data-row]');
    if (step === 0 || row === null || control.matches('input, select')) return;
    const rows = [...body.querySelectorAll<HTMLElement>('tr[data-row]')];
    const next = rows[rows.indexOf(row) + step];
    if (next === undefined) return;
    event.preventDefault();
    const column = controls(row).indexOf(control);
    const reachable = controls(next);
    (reachable[column] ?? reachable[0])?.focus();
  };
  body.addEventListener('keydown', onKey);
  return () => body.removeEventListener('keydown', onKey);
}

function controls(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('button:not(:disabled), a[href]')];
}
