/** Where in the console we are: `#/products/CD1001/acknowledgements` is page `products`, path [`CD1001`, `acknowledgements`]. */
export type Page = 'stations' | 'orders' | 'products' | 'quarantine';

const PAGES: readonly Page[] = ['stations', 'orders', 'products', 'quarantine'];

function parse(hash: string): { page: Page; path: string[] } {
  const [first, ...path] = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const page = PAGES.find((known) => known === first);
  return page === undefined ? { page: 'stations', path: [] } : { page, path };
}

/** An address typed by hand may hold a broken escape; it then stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class Route {
  #here = $state.raw(parse(location.hash));

  get page(): Page {
    return this.#here.page;
  }

  get path(): string[] {
    return this.#here.path;
  }

  follow(): void {
    this.#here = parse(location.hash);
  }

  go(page: Page, ...path: string[]): void {
    location.hash = href(page, ...path);
    this.follow();
  }
}

export const route = new Route();

export function href(page: Page, ...path: string[]): string {
  return `#/${[page, ...path].map(encodeURIComponent).join('/')}`;
}
