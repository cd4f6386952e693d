export type Account = { accountId: string, accountName: string, balance: number, creditLimit: number | null, };
