export type RoleState = { role: "order" | "logistics", state: "running" | "stopped", };
