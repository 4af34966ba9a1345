/** The application every stand-in knows without having been told: Punctual's own, so that connecting can be rehearsed. */
export const sandboxClient = { id: "punctual-sandbox", secret: "punctual-sandbox-secret" } as const;
