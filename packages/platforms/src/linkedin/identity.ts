/** Who a token belongs to and which organizations it may publish as. */

import { fieldsOf, parseFields } from "../json-answer.ts";

/** Roles that may publish for an organization (Organization Access Control API). */
const roles = ["ADMINISTRATOR", "CONTENT_ADMIN", "DIRECT_SPONSORED_CONTENT_POSTER"];

export const administeredPath = "/rest/organizationAcls?q=roleAssignee&state=APPROVED&count=100";

/** URNs of organizations; null if the answer cannot be read. */
export function readAdministered(body: Buffer): string[] | null {
  const { elements } = parseFields(body);
  if (!Array.isArray(elements)) return null;
  const urns = elements.flatMap((element: unknown) => {
    // Both spellings occur: `organization` in versions of today, `organizationTarget` in older ones.
    const { organization, organizationTarget, role, state } = fieldsOf(element);
    const urn = organization ?? organizationTarget;
    const allowed = typeof role === "string" && roles.includes(role) && state === "APPROVED";
    return allowed && typeof urn === "string" ? [urn] : [];
  });
  return [...new Set(urns)];
}
