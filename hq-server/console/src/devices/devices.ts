import type { Device } from '../generated/Device';
import type { EnrolmentCode } from '../generated/EnrolmentCode';
import { api } from '../shared/api';
import { Feed } from '../shared/feed.svelte';

export const devices = new Feed<Device[]>('/devices');

/** How long HQ lets a code live. */
const CODE_LIFE_MS = 15 * 60_000;
/** A certificate that ends sooner than this is marked: long enough to send somebody to the station. */
const ENDING_DAYS_MAX = 14;
const DAY_MS = 86_400_000;
/** Four characters are what a person keeps in mind while typing. */
const GROUP_LENGTH = 4;

export type RevokeDevice = { deviceId: string; reason: string; overridePending: boolean };

export const makeCode = (body: { stationCode: string }, key: string) =>
  api.post<EnrolmentCode>('/enrolment-codes', body, key);

export const revokeDevice = ({ deviceId, ...body }: RevokeDevice, key: string) =>
  api.post<Device>(`/devices/${encodeURIComponent(deviceId)}/revoke`, body, key);

/** `K7Q2-M9XA-…` as its groups, whether HQ wrote the dashes or not. */
export function groupsOf(code: string): string[] {
  const plain = code.replaceAll('-', '');
  return plain.match(new RegExp(`.{1,${GROUP_LENGTH}}`, 'g')) ?? [];
}

/** `14:05` left, never more than there is, or nothing once it has expired. */
export function timeLeft(expiresAt: string, now: Date): string | null {
  const leftMs = new Date(expiresAt).getTime() - now.getTime();
  if (leftMs <= 0) return null;
  const seconds = Math.floor(leftMs / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The agent that was enrolled since this code was made. Both times are HQ's, so the browser's clock does not matter. */
export function enrolledBy(code: EnrolmentCode, all: Device[]): Device | undefined {
  const madeAtMs = new Date(code.expiresAt).getTime() - CODE_LIFE_MS;
  return all.find(
    (device) =>
      device.kind === 'agent' &&
      device.stationCode === code.stationCode &&
      device.revokedAt === null &&
      new Date(device.enrolledAt).getTime() > madeAtMs,
  );
}

export type CertificateState = { state: 'none' | 'valid' | 'ended' } | { state: 'ending'; days: number };

export function certificateState(endsAt: string | null, now: Date): CertificateState {
  if (endsAt === null) return { state: 'none' };
  const leftMs = new Date(endsAt).getTime() - now.getTime();
  if (leftMs <= 0) return { state: 'ended' };
  const days = Math.floor(leftMs / DAY_MS);
  return days < ENDING_DAYS_MAX ? { state: 'ending', days } : { state: 'valid' };
}

const KIND_ORDER: Record<Device['kind'], number> = { agent: 0, office: 1, till: 2 };

/** The devices of a station: those in use first, the agent before what hangs on it, tills by their number. */
export function ofStation(all: Device[], stationCode: string): Device[] {
  return all
    .filter((device) => device.stationCode === stationCode)
    .sort(
      (one, other) =>
        Number(one.revokedAt !== null) - Number(other.revokedAt !== null) ||
        KIND_ORDER[one.kind] - KIND_ORDER[other.kind] ||
        (one.terminal ?? 0) - (other.terminal ?? 0) ||
        other.enrolledAt.localeCompare(one.enrolledAt),
    );
}
