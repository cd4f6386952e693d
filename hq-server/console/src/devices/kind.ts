import type { Device } from '../generated/Device';
import { t } from '../shared/i18n.svelte';

/** `점포 에이전트`, `계산대 2번`. */
export function deviceName(device: Pick<Device, 'kind' | 'terminal'>): string {
  const kind = t(`deviceKind.${device.kind}`);
  return device.terminal === null ? kind : t('device.numbered', { kind, number: device.terminal });
}

/** Enough of the id to tell two devices of a station apart; the whole of it stands in the title. */
export function shortId(deviceId: string): string {
  return deviceId.slice(0, 8);
}
