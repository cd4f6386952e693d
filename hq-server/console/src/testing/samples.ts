import type { Device } from '../generated/Device.ts';
import type { Order } from '../generated/Order.ts';
import type { Product } from '../generated/Product.ts';
import type { Station } from '../generated/Station.ts';

const MINUTE_MS = 60_000;

/** So many minutes before now, as HQ writes times. */
export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * MINUTE_MS).toISOString();
}

export function sampleStation(change: Partial<Station> = {}): Station {
  return {
    stationCode: 'ST0001',
    stationName: 'SK Imme',
    address: 'SK Imme Station',
    state: 'online',
    lastSeenAt: minutesAgo(0),
    pendingCount: 0,
    pendingOldestAt: null,
    entriesStored: 12_480,
    todaySalesCount: 214,
    todaySalesAmount: 11_482_500,
    toldDay: null,
    toldSalesCount: null,
    toldSalesAmount: null,
    quarantined: 0,
    quarantinedAmount: 0,
    lastAckAt: minutesAgo(1),
    staleSince: null,
    alarms: [],
    terminals: [1, 2].map((terminal) => ({
      terminal,
      deviceId: `${terminal}f3a9c2d`.repeat(4),
      lastEntryAt: minutesAgo(terminal * 2),
      entriesStored: 6_240,
      appliedVersion: 12,
      appliedAt: minutesAgo(300),
      behind: false,
      behindSince: null,
      pendingCount: 0,
      staleSince: null,
    })),
    ...change,
  };
}

export function sampleOrder(change: Partial<Order> = {}): Order {
  return {
    orderId: 'OR-00000001',
    stationCode: 'ST0001',
    stationName: 'SK Imme',
    productId: 'CD1001',
    nameKo: '휘발유',
    nameEn: 'Gasoline',
    quantityMilli: 20_000_000,
    unit: 'L',
    destAddr: 'SK Imme Station',
    status: 'ordered',
    orderedAt: minutesAgo(5),
    shipment: null,
    receivedMilli: null,
    receivedAt: null,
    overShortMilli: null,
    ...change,
  };
}

export function sampleProduct(change: Partial<Product> = {}): Product {
  return {
    productId: 'CD1001',
    nameKo: '휘발유',
    nameEn: 'Gasoline',
    kind: 'fuel',
    unit: 'L',
    taxClass: 'taxed',
    barcode: null,
    price: 1_670,
    priceVersion: 12,
    scheduled: [],
    terminalsTotal: 4,
    terminalsApplied: 4,
    ...change,
  };
}

export function sampleDevice(change: Partial<Device> = {}): Device {
  return {
    deviceId: 'a7c41e90'.repeat(4),
    stationCode: 'ST0001',
    kind: 'agent',
    terminal: null,
    enrolledAt: minutesAgo(60 * 24 * 40),
    certificateEndsAt: minutesAgo(-60 * 24 * 50),
    revokedAt: null,
    revokedWhy: null,
    pending: 0,
    silentSince: null,
    ...change,
  };
}
