/** Our registration at every stand-in of the sandbox: fixed, so that connecting can be rehearsed on any installation. */
export const sandboxApp = { clientId: "punctual-sandbox", clientSecret: "punctual-sandbox-secret" } as const;
