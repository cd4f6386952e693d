import type { LogisticsSettings } from '../generated/LogisticsSettings';
import type { Order } from '../generated/Order';
import type { RoleState } from '../generated/RoleState';
import type { Shipment } from '../generated/Shipment';
import { api } from '../shared/api';
import { Feed } from '../shared/feed.svelte';

export const orders = new Feed<Order[]>('/orders');
export const shipments = new Feed<Shipment[]>('/shipments');
export const logistics = new Feed<LogisticsSettings>('/settings/logistics');
export const roles = new Feed<RoleState[]>('/roles');

export type OrderStatus = Order['status'];
export type NewOrder = { stationCode: string; productId: string; quantityMilli: number };

/** The way of an order, as the orderer sees it; a cancelled order has left it. */
export const ORDER_STEPS = ['ordered', 'shipped', 'receiving', 'confirmed'] as const;

export function placeOrder(order: NewOrder, key: string): Promise<Order> {
  return api.post<Order>('/orders', order, key);
}

export function cancelOrder({ orderId }: { orderId: string }, key: string): Promise<Order> {
  return api.post<Order>(`/orders/${encodeURIComponent(orderId)}/cancel`, {}, key);
}

export function dispatchShipment(
  { shipId, carNumber }: { shipId: string; carNumber: string },
  key: string,
): Promise<Shipment> {
  return api.post<Shipment>(`/shipments/${encodeURIComponent(shipId)}/dispatch`, { carNumber }, key);
}

export function setAutoDispatch(settings: LogisticsSettings): Promise<LogisticsSettings> {
  return api.put<LogisticsSettings>('/settings/logistics', settings);
}

export function startRole({ role }: { role: RoleState['role'] }, key: string): Promise<unknown> {
  return api.post(`/roles/${role}/start`, {}, key);
}

/** HQ calls a shipment off only while it stands planned; a dispatched one is on the road. */
export function isCancellable(order: Order): boolean {
  return order.status === 'ordered';
}

/** The newest first: HQ's lists are oldest first, and people look for what they just did. */
export function newestFirst<Row>(rows: Row[], at: (row: Row) => string): Row[] {
  return [...rows].sort((one, other) => Date.parse(at(other)) - Date.parse(at(one)));
}

/** What changed here is asked for at once, not at the next poll. */
export async function refreshOrders(): Promise<void> {
  await Promise.all([orders.refresh(), shipments.refresh()]);
}
