import type { Acknowledgement } from '../generated/Acknowledgement';
import type { Product } from '../generated/Product';
import { api } from '../shared/api';
import { Feed } from '../shared/feed.svelte';

export const products = new Feed<Product[]>('/products');

export type NewProduct = Pick<Product, 'productId' | 'nameKo' | 'nameEn' | 'kind' | 'price' | 'taxClass'> & {
  barcode?: string;
};

/** `effectiveAt` null is now; `stationCode` null is every station. */
export type NewPrice = { price: number; effectiveAt: string | null; stationCode: string | null };

export function addProduct(product: NewProduct, key: string): Promise<Product> {
  return api.post<Product>('/products', product, key);
}

export function changePrice(
  { productId, ...price }: NewPrice & { productId: string },
  key: string,
): Promise<{ version: number }> {
  return api.post<{ version: number }>(`/products/${encodeURIComponent(productId)}/prices`, price, key);
}

export function renameProduct({
  productId,
  ...names
}: Pick<Product, 'productId' | 'nameKo' | 'nameEn'>): Promise<Product> {
  return api.patch<Product>(`/products/${encodeURIComponent(productId)}`, names);
}

export function acknowledgements(productId: string): Feed<Acknowledgement[]> {
  return new Feed<Acknowledgement[]>(`/products/${encodeURIComponent(productId)}/acknowledgements`);
}

/** Those who sell at another price come first: they are why the list is opened. */
export function behindFirst(rows: Acknowledgement[]): Acknowledgement[] {
  const rank = { behind: 0, never: 1, applied: 2 };
  return [...rows].sort(
    (one, other) =>
      rank[one.state] - rank[other.state] ||
      one.stationCode.localeCompare(other.stationCode) ||
      one.terminal - other.terminal,
  );
}

export function matchesProduct(product: Product, query: string): boolean {
  const folded = query.trim().toLowerCase();
  return [product.productId, product.nameKo, product.nameEn, product.barcode ?? ''].some((text) =>
    text.toLowerCase().includes(folded),
  );
}
