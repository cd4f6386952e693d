import type { StartTrouble } from "./StartTrouble";

export type SetupState = { enrolled: boolean, agentUrl: string, language: string, trouble: StartTrouble | null, };
