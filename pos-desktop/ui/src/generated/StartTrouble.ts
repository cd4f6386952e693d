export type StartTrouble = { code: string, detail: string, };
