export type Enrolled = { stationCode: string, stationName: string, terminal: number, };
