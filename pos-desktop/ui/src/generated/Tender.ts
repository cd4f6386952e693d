export type Tender = { "kind": "cash", received: number, } | { "kind": "card", amount: number, approvalNo: string, } | { "kind": "account", amount: number, accountId: string, };
