import type { Acknowledgement } from '../generated/Acknowledgement.ts';
import type { Order } from '../generated/Order.ts';
import type { Product } from '../generated/Product.ts';
import type { RoleState } from '../generated/RoleState.ts';
import type { Shipment } from '../generated/Shipment.ts';
import type { Station } from '../generated/Station.ts';
import { FakeDevices } from './fake-devices.ts';
import { FakeQuarantine } from './fake-quarantine.ts';
import { minutesAgo, sampleOrder, sampleProduct, sampleStation } from './samples.ts';

export type Answer = { status: number; json: unknown };
type Body = Record<string, unknown>;

/** A terminal of the fake takes this long to apply a price, so that the page is seen waiting. */
const APPLY_MS = 4000;

function problem(status: number, code: string, detail: string): Answer {
  return { status, json: { type: 'about:blank', title: code, status, code, detail, result: false } };
}

function ok(json: unknown): Answer {
  return { status: 200, json };
}

/** An HQ in memory that behaves enough like the real one to work on the page. Development only. */
export class FakeHq {
  scene = 'usual';
  autoDispatch = false;
  roles: RoleState[] = [
    { role: 'order', state: 'running' },
    { role: 'logistics', state: 'running' },
  ];
  stations = usualStations();
  products = usualProducts();
  orders = usualOrders();
  devices = new FakeDevices();
  quarantine = new FakeQuarantine();
  #changed = new Map<string, number>();
  #next = 100;

  /** `usual`, `empty`, `down` (no answer), `broken` (500), `stopped` (roles), `quarantine`, `expired` (codes). */
  show(scene: string): void {
    this.scene = scene;
    const state = scene === 'stopped' ? 'stopped' : 'running';
    this.roles = this.roles.map(({ role }) => ({ role, state }));
  }

  answer(method: string, path: string, body: Body): Answer {
    if (this.scene === 'broken') return problem(500, 'internal', 'Something failed inside HQ.');
    const [collection = '', id = '', act = ''] = path.slice(1).split('/').map(decodeURIComponent);
    if (method === 'GET') return this.#read(collection, id);
    if (collection === 'orders') return act === 'cancel' ? this.#cancel(id) : this.#place(body);
    if (collection === 'shipments') return this.#dispatch(id, body);
    if (collection === 'settings') return ok({ autoDispatch: (this.autoDispatch = body.autoDispatch === true) });
    if (collection === 'roles') return this.#turn(id, act);
    if (collection === 'quarantine') return this.quarantine.act(id, act, body);
    if (collection === 'enrolment-codes') return this.#makeCode(String(body.stationCode));
    if (collection === 'devices') return this.#revoke(id, String(body.reason ?? ''), body.overridePending === true);
    if (collection === 'products') return act === 'prices' ? this.#price(id, body) : this.#product(id, body);
    return problem(404, 'not_found', 'No such path.');
  }

  #read(collection: string, id: string): Answer {
    const empty = this.scene === 'empty';
    const shipments = this.orders.flatMap((order) => order.shipment ?? []);
    if (collection === 'stations') return ok(empty ? [] : this.stations);
    if (collection === 'orders') return ok(empty ? [] : this.orders);
    if (collection === 'shipments') return ok(empty ? [] : shipments);
    if (collection === 'devices') return ok(empty ? [] : this.devices.all);
    if (collection === 'settings') return ok({ autoDispatch: this.autoDispatch });
    if (collection === 'roles') return ok(this.roles);
    if (collection === 'products' && id !== '') return ok(empty ? [] : this.#acknowledgements(id));
    if (collection === 'products') return ok(empty ? [] : this.products.map((product) => this.#counted(product)));
    if (collection === 'summary') return ok(this.#summary(empty));
    if (collection === 'quarantine') return this.scene === 'quarantine' ? this.quarantine.read(id) : ok([]);
    return problem(404, 'not_found', 'No such path.');
  }

  #summary(empty: boolean): unknown {
    return {
      salesCount: empty ? 0 : 1_284,
      salesAmount: empty ? 0 : 68_402_350,
      cancelledCount: empty ? 0 : 7,
      quarantined: this.scene === 'quarantine' ? this.quarantine.open : 0,
      asideCount: this.scene === 'quarantine' ? 1 : 0,
      asideAmount: this.scene === 'quarantine' ? 33_400 : 0,
      chainVersion: 12,
      hqIncarnation: '7c1d9e5b2a4f4c0e',
    };
  }

  #makeCode(stationCode: string): Answer {
    const isKnown = this.stations.some((station) => station.stationCode === stationCode);
    if (!isKnown) return problem(404, 'unknown_station', 'No such station.');
    return ok(this.devices.makeCode(stationCode, this.scene));
  }

  #revoke(deviceId: string, reason: string, overridePending: boolean): Answer {
    const revoked = this.devices.revoke(deviceId, reason, overridePending);
    if (revoked === 'pending_entries') return problem(409, revoked, 'Entries have not reached head office.');
    if (revoked === 'unknown_device') return problem(404, revoked, 'No such device.');
    if (revoked === 'bad_reason') return problem(400, revoked, 'A reason has 1 to 200 printable characters.');
    return ok(revoked);
  }

  #place(body: Body): Answer {
    const station = this.stations.find((known) => known.stationCode === body.stationCode);
    const product = this.products.find((known) => known.productId === body.productId);
    if (product === undefined) return problem(404, 'unknown_product', 'No such product.');
    if (station === undefined) return problem(404, 'unknown_station', 'No such station.');
    if (this.scene === 'stopped') return problem(503, 'role_stopped', 'The Order role is stopped.');
    const orderId = `OR-${String(this.#next++).padStart(8, '0')}`;
    const { stationCode, stationName, address: destAddr } = station;
    const { productId, nameKo, nameEn, unit } = product;
    const goods = { productId, nameKo, nameEn, unit, quantityMilli: Number(body.quantityMilli) };
    const order = sampleOrder({ orderId, stationCode, stationName, destAddr, ...goods, orderedAt: minutesAgo(0) });
    order.shipment = planned(order);
    this.orders.push(order);
    if (this.autoDispatch) this.#dispatch(order.shipment.shipId, { carNumber: '서울80바1234' });
    return ok(order);
  }

  #cancel(id: string): Answer {
    const order = this.orders.find((known) => known.orderId === id);
    if (order === undefined) return problem(404, 'unknown_order', 'No such order.');
    if (order.status !== 'ordered') return problem(409, 'order_already_shipped', 'It has left.');
    order.status = 'cancelled';
    if (order.shipment !== null) order.shipment.state = 'calledOff';
    return ok(order);
  }

  #dispatch(shipId: string, body: Body): Answer {
    const order = this.orders.find((known) => known.shipment?.shipId === shipId);
    if (!order?.shipment) return problem(404, 'unknown_shipment', 'No such shipment.');
    if (body.carNumber === '거절')
      return problem(422, 'fake_refusal', 'That vehicle is in the workshop; choose another.');
    Object.assign(order.shipment, { state: 'shipped', carNumber: body.carNumber, shippedAt: minutesAgo(0) });
    order.status = 'shipped';
    return ok(order.shipment);
  }

  #turn(role: string, act: string): Answer {
    this.scene = 'usual';
    const state = act === 'stop' ? 'stopped' : 'running';
    this.roles = this.roles.map((known) => (known.role === role ? { ...known, state } : known));
    return ok(this.roles);
  }

  #product(id: string, body: Body): Answer {
    const product = this.products.find((known) => known.productId === (id || body.productId));
    if (id === '') {
      if (product !== undefined) return problem(409, 'duplicate_product', 'The code is taken.');
      const added = sampleProduct({ ...(body as Partial<Product>), unit: body.kind === 'fuel' ? 'L' : 'ea' });
      this.products.push({ ...added, barcode: (body.barcode as string | undefined) ?? null });
      return ok(added);
    }
    if (product === undefined) return problem(404, 'unknown_product', 'No such product.');
    Object.assign(product, body);
    return ok(product);
  }

  #price(id: string, body: Body): Answer {
    const product = this.products.find((known) => known.productId === id);
    if (product === undefined) return problem(404, 'unknown_product', 'No such product.');
    const version = product.priceVersion + product.scheduled.length + 1;
    const price = Number(body.price);
    if (typeof body.effectiveAt === 'string') product.scheduled.push({ price, effectiveAt: body.effectiveAt, version });
    else {
      Object.assign(product, { price, priceVersion: version });
      this.#changed.set(id, Date.now());
    }
    return ok({ version });
  }

  #counted(product: Product): Product {
    const rows = this.#acknowledgements(product.productId);
    const terminalsApplied = rows.filter((row) => row.state === 'applied').length;
    return { ...product, terminalsTotal: rows.length, terminalsApplied };
  }

  #acknowledgements(id: string): Acknowledgement[] {
    const neededVersion = this.products.find((product) => product.productId === id)?.priceVersion ?? 0;
    const changedAt = this.#changed.get(id);
    return this.stations.flatMap((station) =>
      station.terminals.map((terminal): Acknowledgement => {
        const waiting = changedAt !== undefined && Date.now() < changedAt + APPLY_MS * terminal.terminal;
        const behind = waiting || terminal.behind;
        const { stationCode, stationName } = station;
        return {
          stationCode,
          stationName,
          terminal: terminal.terminal,
          neededVersion,
          appliedVersion: terminal.appliedVersion === null ? null : neededVersion - (behind ? 1 : 0),
          appliedAt: terminal.appliedVersion === null ? null : terminal.appliedAt,
          state: terminal.appliedVersion === null ? 'never' : behind ? 'behind' : 'applied',
          since: behind ? minutesAgo(waiting ? 0 : 190) : null,
        };
      }),
    );
  }
}

function planned(order: Order, change: Partial<Shipment> = {}): Shipment {
  const { orderId, stationCode, stationName, productId, nameKo, nameEn, quantityMilli, unit, destAddr } = order;
  const goods = { orderId, stationCode, stationName, productId, nameKo, nameEn, quantityMilli, unit, destAddr };
  const shipId = orderId.replace('OR', 'SH');
  return {
    ...goods,
    shipId,
    carNumber: null,
    state: 'planned',
    plannedAt: order.orderedAt,
    shippedAt: null,
    ...change,
  };
}

function usualStations(): Station[] {
  const [one, two] = sampleStation().terminals;
  const stale = [one, two].flatMap((terminal) =>
    terminal === undefined
      ? []
      : [
          {
            ...terminal,
            behind: true,
            behindSince: minutesAgo(170),
            appliedVersion: 11,
            pendingCount: terminal.terminal * 3,
            staleSince: minutesAgo(190),
          },
        ],
  );
  const others = { pendingCount: 14, pendingOldestAt: minutesAgo(3), todaySalesCount: 98, todaySalesAmount: 5_118_400 };
  return [
    sampleStation(),
    sampleStation({
      stationCode: 'ST0002',
      stationName: '강남대로 셀프주유소',
      address: '서울 강남구 강남대로 402',
      quarantined: 3,
      quarantinedAmount: 66_800,
      alarms: [
        {
          kind: 'new_life',
          at: minutesAgo(45),
          detail: 'the database was put back from a copy; life 4e4e ends, life 5f5f begins',
        },
        { kind: 'feed_differed', at: minutesAgo(300), detail: '' },
      ],
      ...others,
    }),
    sampleStation({
      stationCode: 'ST0003',
      stationName: '경부고속도로 죽전휴게소 서울방향 직영 셀프주유소',
      address: '경기 용인시 수지구 죽전동 경부고속도로 서울방향 397km 지점',
      state: 'stale',
      lastSeenAt: minutesAgo(190),
      staleSince: minutesAgo(190),
      lastAckAt: minutesAgo(191),
      pendingCount: 9,
      pendingOldestAt: minutesAgo(192),
      todaySalesCount: 41,
      todaySalesAmount: 2_204_000,
      terminals: stale,
    }),
    sampleStation({
      stationCode: 'ST0004',
      stationName: '제주 애월 주유소',
      address: '제주 제주시 애월읍 일주서로 6501',
      state: 'never',
      lastSeenAt: null,
      pendingCount: null,
      entriesStored: 0,
      todaySalesCount: 0,
      todaySalesAmount: 0,
      terminals: [],
    }),
  ];
}

function usualProducts(): Product[] {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  return [
    sampleProduct({ scheduled: [{ price: 1_690, effectiveAt: tomorrow, version: 13 }] }),
    sampleProduct({ productId: 'CD1002', nameKo: '경유', nameEn: 'Diesel', price: 1_545 }),
    sampleProduct({ productId: 'CD1003', nameKo: '고급 휘발유', nameEn: 'Premium gasoline', price: 1_985 }),
    sampleProduct({ productId: 'CD1004', nameKo: '실내등유', nameEn: 'Kerosene', price: 1_310 }),
    sampleProduct({
      productId: 'CD1005',
      nameKo: '농업용 면세 경유',
      nameEn: 'Tax-free farm diesel',
      price: 1_080,
      taxClass: 'taxFree',
    }),
    sampleProduct({
      productId: 'GD2001',
      nameKo: '사계절용 에탄올 워셔액 1.8L (영하 25도, 유막 제거)',
      nameEn: 'All-season ethanol washer fluid 1.8 L (−25 °C, film remover)',
      kind: 'goods',
      unit: 'ea',
      barcode: '8801234567893',
      price: 3_300,
    }),
    sampleProduct({
      productId: 'GD2002',
      nameKo: '생수 500mL',
      nameEn: 'Water 500 mL',
      kind: 'goods',
      unit: 'ea',
      price: 1_000,
    }),
  ];
}

function usualOrders(): Order[] {
  const shipped = { state: 'shipped', carNumber: '경기82아5521', shippedAt: minutesAgo(60) } as const;
  const received = { ...shipped, state: 'received' } as const;
  const far = { stationCode: 'ST0003', stationName: '경부고속도로 죽전휴게소 서울방향 직영 셀프주유소' };
  const diesel = { productId: 'CD1002', nameKo: '경유', nameEn: 'Diesel' };
  const with_ = (order: Order, change: Partial<Shipment>): Order => ({ ...order, shipment: planned(order, change) });
  const receipt = { status: 'confirmed', receivedAt: minutesAgo(200) } as const;
  return [
    with_(
      sampleOrder({
        orderId: 'OR-00000001',
        orderedAt: minutesAgo(1500),
        ...receipt,
        receivedMilli: 19_950_000,
        overShortMilli: -50_000,
      }),
      received,
    ),
    with_(
      sampleOrder({
        orderId: 'OR-00000002',
        orderedAt: minutesAgo(1400),
        ...receipt,
        ...diesel,
        receivedMilli: 16_012_500,
        overShortMilli: 12_500,
        quantityMilli: 16_000_000,
      }),
      received,
    ),
    sampleOrder({ orderId: 'OR-00000003', orderedAt: minutesAgo(800), status: 'cancelled' }),
    with_(sampleOrder({ orderId: 'OR-00000004', orderedAt: minutesAgo(300), status: 'receiving', ...far }), shipped),
    with_(sampleOrder({ orderId: 'OR-00000005', orderedAt: minutesAgo(90), status: 'shipped', ...diesel }), shipped),
    with_(
      sampleOrder({ orderId: 'OR-00000006', orderedAt: minutesAgo(10), ...far, ...diesel, quantityMilli: 8_500_500 }),
      {},
    ),
  ];
}
