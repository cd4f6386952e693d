export type Problem = { type: string, title: string, status: number, code: string, detail: string, result: boolean, };
