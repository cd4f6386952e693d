import type { QuarantineRow } from '../generated/QuarantineRow.ts';
import type { Answer } from './fake-hq.ts';
import { minutesAgo } from './samples.ts';

const SALE =
  '{"v":1,"at":{"w":1795478340000,"m":0,"b":0},"day":"2026-11-23","t":"Sold","d":{"sale":"ST0002-01-7KQ2M-001204",' +
  '"lines":[{"p":"CD1001","q":{"ml":20000},"u":1670,"a":33400,"x":"taxed","v":7}],' +
  '"tenders":[{"cash":{"amount":33000}}],"total":33400,"vat":3036}}';

/** What head office has set aside. Trying the first entry again is in vain; settling works. */
export class FakeQuarantine {
  rows = quarantined();

  get open(): number {
    return this.rows.filter((row) => row.state === 'open').length;
  }

  read(key: string): Answer {
    return key === '' ? { status: 200, json: this.rows } : this.#one(key);
  }

  act(key: string, act: string, body: Record<string, unknown>): Answer {
    if (key === 'replay') return { status: 200, json: { replayed: 0, stillAside: this.open } };
    const row = this.rows.find((known) => known.key === key);
    if (row !== undefined && act === 'replay') row.triedAt = minutesAgo(0);
    if (row !== undefined && act === 'settle') {
      row.state = 'settled';
      row.closedAt = minutesAgo(0);
      row.counted = body.money === 'counted';
      row.settledRole = 'hq';
      row.settledWhy = String(body.reason);
    }
    return this.#one(key);
  }

  #one(key: string): Answer {
    const row = this.rows.find((known) => known.key === key);
    if (row === undefined) {
      return { status: 404, json: { code: 'unknown_entry', detail: 'No such entry.', status: 404, result: false } };
    }
    const payloads = row.cause === 'unreadable' ? ['\ufffd\u0000 not a fact'] : [SALE];
    return {
      status: 200,
      json: { row, payloads: row.cause === 'fork' ? [SALE, SALE.replace('33000', '33400')] : payloads },
    };
  }
}

function quarantined(): QuarantineRow[] {
  const deviceId = '1f3a9c2d'.repeat(4);
  const entry = (seq: number, row: Partial<QuarantineRow>): QuarantineRow => ({
    key: `${deviceId}.${'0b7e44d1'.repeat(4)}.${String(seq)}`,
    stationCode: 'ST0002',
    terminal: 1,
    deviceId,
    seq,
    cause: 'rejected',
    reason: 'sale ST0002-01-7KQ2M-000412: lines 33400, tenders 33000 and total 33400 do not agree',
    kind: 'Sold',
    receipt: `ST0002-01-7KQ2M-${String(seq).padStart(6, '0')}`,
    businessDay: '2026-11-23',
    amount: 33_400,
    counted: true,
    writtenAt: minutesAgo(46),
    arrivedAt: minutesAgo(45),
    triedAt: minutesAgo(45),
    state: 'open',
    closedAt: null,
    settledRole: null,
    settledWhy: null,
    ...row,
  });
  return [
    entry(1204, {}),
    entry(1188, {
      cause: 'unreadable',
      reason: 'the entry does not read as a fact: expected value at line 1 column 1',
      kind: '',
      receipt: null,
      businessDay: '',
      amount: null,
      counted: false,
      writtenAt: null,
    }),
    entry(1170, {
      cause: 'unknown',
      kind: 'PumpCalibrated',
      reason: 'a newer version of the program wrote it',
      receipt: null,
      amount: null,
      counted: false,
      arrivedAt: minutesAgo(180),
    }),
    entry(991, {
      cause: 'fork',
      reason: "another entry came first under this entry's number",
      key: `${deviceId}.${'0b7e44d1'.repeat(4)}.991.${'c3'.repeat(32)}`,
      counted: false,
      amount: 1_204_500,
      arrivedAt: minutesAgo(1500),
    }),
    entry(874, {
      state: 'settled',
      closedAt: minutesAgo(2000),
      settledRole: 'hq',
      settledWhy: '같은 판매가 다음 번호로 다시 기록되어 금액을 뺌',
      counted: false,
      arrivedAt: minutesAgo(2900),
    }),
    entry(860, { state: 'replayed', closedAt: minutesAgo(2100), counted: false, arrivedAt: minutesAgo(3000) }),
  ];
}
