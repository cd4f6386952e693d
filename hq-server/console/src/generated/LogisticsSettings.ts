export type LogisticsSettings = { autoDispatch: boolean, };
