export type TillError = { code: string, message: string, detail: string | null, };
