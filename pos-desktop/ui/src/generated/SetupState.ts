export type SetupState = { enrolled: boolean, agentUrl: string, language: string, };
