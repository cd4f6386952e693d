/** Long enough to read two lines twice. */
const TOAST_MS = 6000;
/** More would cover the page; the oldest leaves first. */
const TOASTS_MAX = 3;

export type Toast = { id: number; text: string; link?: { text: string; href: string } };

class Toasts {
  shown = $state.raw<Toast[]>([]);
  #lastId = 0;

  /** Says that something was done. Failures stay where they happened and are never a toast. */
  say(text: string, link?: Toast['link']): void {
    const id = ++this.#lastId;
    this.shown = [...this.shown, { id, text, link }].slice(-TOASTS_MAX);
    setTimeout(() => this.dismiss(id), TOAST_MS);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
