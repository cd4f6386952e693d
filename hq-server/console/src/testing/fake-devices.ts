import type { Device } from '../generated/Device.ts';
import type { EnrolmentCode } from '../generated/EnrolmentCode.ts';
import { minutesAgo, sampleDevice } from './samples.ts';

const CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 32;
const CODE_LIFE_MINUTES = 15;
const REASON_LENGTH_MAX = 200;
const DAY_MINUTES = 60 * 24;

/** Devices, their certificates and enrolment codes of the fake HQ. */
export class FakeDevices {
  all = usualDevices();

  /** In the scene `expired` a code is already too old when it comes, to see that state without waiting. */
  makeCode(stationCode: string, scene: string): EnrolmentCode {
    const characters = Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET[Math.floor(Math.random() * 32)]);
    const code = characters.join('').replace(/(.{4})(?=.)/g, '$1-');
    return { code, stationCode, expiresAt: minutesAgo(scene === 'expired' ? 1 : -CODE_LIFE_MINUTES) };
  }

  /** The device, or the code of the problem. */
  revoke(
    deviceId: string,
    reason: string,
    overridePending: boolean,
  ): Device | 'unknown_device' | 'bad_reason' | 'pending_entries' {
    const device = this.all.find((known) => known.deviceId === deviceId);
    if (device === undefined) return 'unknown_device';
    if (reason.trim() === '' || reason.length > REASON_LENGTH_MAX) return 'bad_reason';
    const hasPending = device.pending > 0 || device.silentSince !== null;
    if (device.revokedAt === null && hasPending && !overridePending) return 'pending_entries';
    if (device.revokedAt === null) Object.assign(device, { revokedAt: minutesAgo(0), revokedWhy: reason });
    return device;
  }
}

function id(seed: string): string {
  return seed.repeat(4);
}

function usualDevices(): Device[] {
  const two = { stationCode: 'ST0002' };
  const three = { stationCode: 'ST0003' };
  return [
    sampleDevice(),
    sampleDevice({ deviceId: id('c02d77b1'), kind: 'office', enrolledAt: minutesAgo(DAY_MINUTES * 12) }),
    sampleDevice({ deviceId: id('1f3a9c2d'), kind: 'till', terminal: 1 }),
    sampleDevice({
      deviceId: id('2f3a9c2d'),
      kind: 'till',
      terminal: 2,
      certificateEndsAt: minutesAgo(-DAY_MINUTES * 9 - 60),
    }),
    sampleDevice({
      deviceId: id('5be80f16'),
      kind: 'till',
      terminal: 2,
      enrolledAt: minutesAgo(DAY_MINUTES * 200),
      revokedAt: minutesAgo(DAY_MINUTES * 41),
      revokedWhy: '계산대 교체. 고장 난 본체는 서비스 센터로 보냈고 디스크는 파기하기로 했습니다.',
    }),
    sampleDevice({ ...two, deviceId: id('d91c3f42') }),
    sampleDevice({ ...two, deviceId: id('e37a90b5'), kind: 'till', terminal: 1, pending: 14 }),
    sampleDevice({
      ...three,
      deviceId: id('f64b12c8'),
      certificateEndsAt: minutesAgo(190),
      pending: 9,
      silentSince: minutesAgo(190),
    }),
    sampleDevice({
      ...three,
      deviceId: id('0a5de733'),
      kind: 'till',
      terminal: 1,
      certificateEndsAt: minutesAgo(-60 * 3),
    }),
  ];
}
