/** Whose a token is, and which organizations they look after: every member has two, named after them. */
import type { SandboxApp } from "../app.ts";
import { numberOf } from "../oauth/people.ts";
import type { PlatformDeps } from "../platform.ts";
import { answered, perform } from "./call.ts";
import { plainError } from "./errors.ts";

export function identityRoutes(scope: SandboxApp, deps: PlatformDeps): void {
  scope.get("/linkedin/v2/userinfo", (request, reply) =>
    perform(request, reply, deps, { stage: "read", account: "unknown", versioned: false }, ({ handle }) =>
      answered({ status: 200, body: { sub: handle, name: handle, locale: { country: "US", language: "en" } } }),
    ),
  );

  scope.get("/linkedin/rest/organizationAcls", (request, reply) =>
    perform(request, reply, deps, { stage: "read", account: "unknown" }, ({ handle }) => {
      const elements = organizationsOf(handle).map(({ id }) => {
        const roleAssignee = `urn:li:person:${handle}`;
        return { role: "ADMINISTRATOR", state: "APPROVED", roleAssignee, organization: `urn:li:organization:${id}` };
      });
      return answered({ status: 200, body: { elements, paging: { start: 0, count: elements.length, links: [] } } });
    }),
  );

  scope.get("/linkedin/rest/organizations/:id", (request, reply) => {
    const { id } = request.params as { id: string };
    const account = `urn:li:organization:${id}`;
    return perform(request, reply, deps, { stage: "read", account }, ({ handle }) => {
      const found = organizationsOf(handle).find((organization) => String(organization.id) === id);
      if (found === undefined) return answered(plainError(403, "ACCESS_DENIED", "Not enough permissions"));
      return answered({ status: 200, body: { id: found.id, localizedName: found.name, vanityName: found.name } });
    });
  });
}

/** The same for the same member, always. */
function organizationsOf(handle: string): { id: number; name: string }[] {
  return ["Company", "Side project"].map((kind) => {
    return { id: Number(numberOf(handle, kind, 8)), name: `${kind} of ${handle}` };
  });
}
