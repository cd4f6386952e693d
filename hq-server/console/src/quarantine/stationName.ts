import { stations } from '../stations/stations';

/** The name of a station, or its code while the list has not come. */
export function stationName(code: string): string {
  return stations.value?.find((station) => station.stationCode === code)?.stationName ?? code;
}
